-- Which edition this is of what is looked at with every request of an application: the tenant itself, its
-- applications with their secrets, and its signing keys. With each change there is another random number,
-- so that none comes again for other rows, also not after a restore. Whoever remembers these rows with the number knows
-- from one look at it whether they still hold.
ALTER TABLE tenant ADD COLUMN edition BIGINT NOT NULL DEFAULT 0;

CREATE FUNCTION renew_edition() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE tenant SET edition = hashtextextended(gen_random_uuid()::text, 0) WHERE tenant_id = OLD.tenant_id;
    ELSE
        UPDATE tenant SET edition = hashtextextended(gen_random_uuid()::text, 0) WHERE tenant_id = NEW.tenant_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tenant_changed AFTER UPDATE OF slug, display_name, policy ON tenant
    FOR EACH ROW EXECUTE FUNCTION renew_edition();
CREATE TRIGGER client_changed AFTER INSERT OR UPDATE OR DELETE ON client
    FOR EACH ROW EXECUTE FUNCTION renew_edition();
CREATE TRIGGER client_secret_changed AFTER INSERT OR UPDATE OR DELETE ON client_secret
    FOR EACH ROW EXECUTE FUNCTION renew_edition();
CREATE TRIGGER signing_key_changed AFTER INSERT OR UPDATE OR DELETE ON signing_key
    FOR EACH ROW EXECUTE FUNCTION renew_edition();
