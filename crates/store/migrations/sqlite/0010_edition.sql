-- Which edition this is of what is looked at with every request of an application: the tenant itself, its
-- applications with their secrets, and its signing keys. With each change there is another random number,
-- so that none comes again for other rows, also not after a restore. Whoever remembers these rows with the number knows
-- from one look at it whether they still hold.
ALTER TABLE tenant ADD COLUMN edition INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER tenant_changed AFTER UPDATE OF slug, display_name, policy ON tenant
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = NEW.tenant_id; END;

CREATE TRIGGER client_added AFTER INSERT ON client
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = NEW.tenant_id; END;
CREATE TRIGGER client_changed AFTER UPDATE ON client
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = NEW.tenant_id; END;
CREATE TRIGGER client_removed AFTER DELETE ON client
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = OLD.tenant_id; END;

CREATE TRIGGER client_secret_added AFTER INSERT ON client_secret
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = NEW.tenant_id; END;
CREATE TRIGGER client_secret_changed AFTER UPDATE ON client_secret
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = NEW.tenant_id; END;
CREATE TRIGGER client_secret_removed AFTER DELETE ON client_secret
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = OLD.tenant_id; END;

CREATE TRIGGER signing_key_added AFTER INSERT ON signing_key
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = NEW.tenant_id; END;
CREATE TRIGGER signing_key_changed AFTER UPDATE ON signing_key
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = NEW.tenant_id; END;
CREATE TRIGGER signing_key_removed AFTER DELETE ON signing_key
BEGIN UPDATE tenant SET edition = random() WHERE tenant_id = OLD.tenant_id; END;
