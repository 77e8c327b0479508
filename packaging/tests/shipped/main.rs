//! What is shipped besides programs, each file by itself. How it works together is in `clean_root`.

#[cfg(test)]
mod containerfile;
#[cfg(test)]
mod units;
