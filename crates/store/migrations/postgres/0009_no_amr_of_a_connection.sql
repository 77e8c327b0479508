-- What is said of a card follows from the card and from what Entra demands; nobody chooses it.
ALTER TABLE eam_connection DROP COLUMN amr;
