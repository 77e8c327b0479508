//! The integration guide, clicked through in order: the portal of Azure, the console, and the
//! person's own browser. Each step stands under the guide's words.
