-- History entries no longer refer to their request: each is written beside it, in one transaction and guarded with it, and
-- looking it up and locking it again, for each of the four entries of a life, was an eighth of the server's time.
ALTER TABLE request_history DROP CONSTRAINT request_history_backup_request_id_fkey;
