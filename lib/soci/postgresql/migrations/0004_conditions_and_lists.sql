-- The conditions of tables stay as they are: only on SQLite was there something to gain.

-- Pages of the list of requests, newest first: by a state that few of many are in, and by who asked. The concatenation
-- keeps the first out of statements that do not ask for it.
CREATE INDEX backup_request_state ON backup_request (state_code, backup_request_id)
  WHERE state_code || '' <> 'Succeeded';
CREATE INDEX backup_request_requester ON backup_request (requester_id, backup_request_id);
