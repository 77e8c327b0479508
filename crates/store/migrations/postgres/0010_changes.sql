-- How often what is looked at with every request of an application has changed: the tenant itself, its
-- applications with their secrets, and its signing keys. Whoever remembers them with this number knows
-- from one look at it whether they still hold.
ALTER TABLE tenant ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;

CREATE FUNCTION count_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE tenant SET changes = changes + 1 WHERE tenant_id = OLD.tenant_id;
    ELSE
        UPDATE tenant SET changes = changes + 1 WHERE tenant_id = NEW.tenant_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tenant_changed AFTER UPDATE OF slug, display_name, policy ON tenant
    FOR EACH ROW EXECUTE FUNCTION count_change();
CREATE TRIGGER client_changed AFTER INSERT OR UPDATE OR DELETE ON client
    FOR EACH ROW EXECUTE FUNCTION count_change();
CREATE TRIGGER client_secret_changed AFTER INSERT OR UPDATE OR DELETE ON client_secret
    FOR EACH ROW EXECUTE FUNCTION count_change();
CREATE TRIGGER signing_key_changed AFTER INSERT OR UPDATE OR DELETE ON signing_key
    FOR EACH ROW EXECUTE FUNCTION count_change();
