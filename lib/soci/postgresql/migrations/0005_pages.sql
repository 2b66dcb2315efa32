-- Pages of a large store, newest first: for each way to ask for one an index that ends in the id, so that it is read from
-- where it begins and no further.

-- Requests by state, now those that have succeeded too: they may lie behind many newer ones that are open. Of the requests
-- of a job, or of who asked, those that ended otherwise are few among many; the rest of them pay nothing here.
DROP INDEX backup_request_state;
CREATE INDEX backup_request_state ON backup_request (state_code, backup_request_id);
CREATE INDEX backup_request_job_state ON backup_request (backup_job_id, state_code, backup_request_id)
  WHERE (state_code = 'NotAllowed' OR state_code = 'Failed' OR state_code = 'Cancelled');
CREATE INDEX backup_request_requester_state ON backup_request (requester_id, state_code, backup_request_id)
  WHERE (state_code = 'NotAllowed' OR state_code = 'Failed' OR state_code = 'Cancelled');

-- Backups: most are Stored, and found by the other indexes.
CREATE INDEX backup_job ON backup (backup_job_id, backup_id);
CREATE INDEX backup_date ON backup (data_as_of_date, backup_job_id, backup_id);
CREATE INDEX backup_state ON backup (state_code, backup_id) WHERE state_code <> 'Stored';
CREATE INDEX backup_job_state ON backup (backup_job_id, state_code, backup_id) WHERE state_code <> 'Stored';
