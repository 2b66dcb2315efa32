-- The create flow: requests with their history, waiting and parked results, the master list of backups.
-- Ids are UUIDs as text, times are microseconds since 1970 UTC, dates are YYYY-MM-DD. Ids and dates are compared byte by
-- byte, whatever the database's collation.

CREATE TABLE backup_request (
  backup_request_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  backup_job_id TEXT COLLATE "C" NOT NULL,
  backup_source_path TEXT NOT NULL,
  data_as_of_date TEXT COLLATE "C" NOT NULL,
  requester_id TEXT COLLATE "C" NOT NULL,
  transport TEXT NOT NULL CHECK (transport IN ('HTTP', 'FileDrop', 'Queue', 'Library')),
  idempotency_key TEXT,
  traceparent TEXT NOT NULL,
  received_time BIGINT NOT NULL,

  state_code TEXT NOT NULL CHECK (state_code IN
    ('Received', 'Allowed', 'NotAllowed', 'Sent', 'Succeeded', 'Failed', 'Cancelled')),
  state_reason TEXT NOT NULL,
  checked_time BIGINT,
  responded_time BIGINT,
  sent_time BIGINT,
  result_due_time BIGINT,
  result_received_time BIGINT,
  result_recorded_time BIGINT,
  job_version BIGINT,
  zone TEXT,
  storage_path TEXT,
  days_to_keep BIGINT,
  backup_id TEXT COLLATE "C",
  check_attempts BIGINT NOT NULL,
  send_attempts BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  cancel_asked_time BIGINT,
  owner_instance_id TEXT COLLATE "C",
  next_action_time BIGINT,
  fence BIGINT NOT NULL,
  revision BIGINT NOT NULL CHECK (revision >= 1),

  CONSTRAINT checked_follows_received CHECK (checked_time >= received_time),
  CONSTRAINT responded_follows_received CHECK (responded_time >= received_time),
  CONSTRAINT sent_follows_checked CHECK (sent_time >= checked_time),
  CONSTRAINT result_follows_sent CHECK (result_received_time >= sent_time),
  CONSTRAINT recorded_follows_result CHECK (result_recorded_time >= result_received_time),
  CONSTRAINT recorded_has_result CHECK (result_recorded_time IS NULL OR result_received_time IS NOT NULL),
  CONSTRAINT terms_are_whole CHECK (
    (job_version IS NULL) = (zone IS NULL) AND (zone IS NULL) = (storage_path IS NULL)
    AND (storage_path IS NULL) = (days_to_keep IS NULL)),
  CONSTRAINT received_is_unchecked CHECK (state_code <> 'Received' OR (checked_time IS NULL AND zone IS NULL)),
  CONSTRAINT refused_is_checked CHECK (state_code <> 'NotAllowed' OR (checked_time IS NOT NULL AND zone IS NULL)),
  CONSTRAINT allowed_has_terms CHECK (
    state_code NOT IN ('Allowed', 'Sent', 'Succeeded', 'Failed') OR (checked_time IS NOT NULL AND zone IS NOT NULL)),
  CONSTRAINT sent_is_sent CHECK (state_code NOT IN ('Sent', 'Succeeded', 'Failed') OR sent_time IS NOT NULL),
  CONSTRAINT allowed_is_not_sent CHECK (state_code NOT IN ('Received', 'Allowed', 'NotAllowed') OR sent_time IS NULL),
  CONSTRAINT succeeded_has_backup CHECK ((state_code = 'Succeeded') = (backup_id IS NOT NULL)),
  CONSTRAINT one_next_step CHECK (owner_instance_id IS NULL OR next_action_time IS NULL),
  CONSTRAINT ended_has_no_next_step CHECK (
    state_code IN ('Received', 'Allowed', 'Sent') OR (owner_instance_id IS NULL AND next_action_time IS NULL))
);

CREATE UNIQUE INDEX backup_request_key ON backup_request (requester_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX backup_request_job ON backup_request (backup_job_id, backup_request_id);
-- For claims, free places and counts: open requests only, so it stays as small as the work at hand.
CREATE INDEX backup_request_open ON backup_request (state_code, zone, next_action_time, received_time)
  WHERE state_code IN ('Received', 'Allowed', 'Sent');
CREATE INDEX backup_request_owner ON backup_request (owner_instance_id) WHERE owner_instance_id IS NOT NULL;

-- Always empty: every open request has an owner, or a time at which anybody takes it up.
CREATE VIEW row_without_next_step AS
  SELECT backup_request_id, state_code, received_time FROM backup_request
  WHERE state_code IN ('Received', 'Allowed', 'Sent') AND owner_instance_id IS NULL AND next_action_time IS NULL;

CREATE TABLE request_history (
  backup_request_id TEXT COLLATE "C" NOT NULL REFERENCES backup_request (backup_request_id),
  position BIGINT NOT NULL CHECK (position >= 1),
  state_code TEXT NOT NULL CHECK (state_code IN
    ('Received', 'Allowed', 'NotAllowed', 'Sent', 'Succeeded', 'Failed', 'Cancelled')),
  time BIGINT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (backup_request_id, position)
);

CREATE TABLE job_version (
  backup_job_id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  owner_id TEXT COLLATE "C" NOT NULL,
  approval_state_code TEXT NOT NULL CHECK (approval_state_code IN
    ('Draft', 'Submitted', 'Approved', 'Denied', 'Suspended', 'Retired')),
  zone TEXT NOT NULL,
  storage_path TEXT NOT NULL,
  days_to_keep BIGINT NOT NULL,
  in_force_from_date TEXT COLLATE "C",
  in_force_to_date TEXT COLLATE "C",
  minimum_backups BIGINT NOT NULL,
  expected_every TEXT NOT NULL,
  PRIMARY KEY (backup_job_id, version)
);

CREATE TABLE job_version_item (
  backup_job_id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('allowedRequester', 'backupSourceRoot', 'notify')),
  position BIGINT NOT NULL CHECK (position >= 1),
  value TEXT NOT NULL,
  PRIMARY KEY (backup_job_id, version, kind, position),
  FOREIGN KEY (backup_job_id, version) REFERENCES job_version (backup_job_id, version)
);

CREATE TABLE backup (
  backup_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  backup_request_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES backup_request (backup_request_id),
  backup_job_id TEXT COLLATE "C" NOT NULL,
  zone TEXT NOT NULL,
  state_code TEXT NOT NULL CHECK (state_code IN ('Stored', 'Deleting', 'Deleted', 'Missing')),
  data_as_of_date TEXT COLLATE "C" NOT NULL,
  backup_storage_path TEXT NOT NULL,
  byte_count BIGINT NOT NULL,
  copy_start_time BIGINT,
  copy_end_time BIGINT,
  verify_start_time BIGINT,
  verify_end_time BIGINT,
  verify_hash TEXT NOT NULL,
  job_version BIGINT NOT NULL,
  days_to_keep BIGINT NOT NULL,
  due_to_delete_date TEXT COLLATE "C",
  version_of_date BIGINT NOT NULL CHECK (version_of_date >= 1),
  UNIQUE (backup_job_id, data_as_of_date, version_of_date)
);

-- Results that wait to be recorded, in the order of arrival. A body is kept as it came, whatever its bytes.
CREATE TABLE zone_result (
  arrival BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  command_id TEXT COLLATE "C" NOT NULL,
  zone TEXT NOT NULL,
  body BYTEA NOT NULL,
  received_time BIGINT NOT NULL,
  problem TEXT NOT NULL,
  result_command_id TEXT COLLATE "C",
  result_zone TEXT,
  result_code TEXT CHECK (result_code IN ('Succeeded', 'Failed', 'Cancelled')),
  reason_code TEXT,
  backup_storage_path TEXT,
  byte_count BIGINT,
  copy_start_time BIGINT,
  copy_end_time BIGINT,
  verify_start_time BIGINT,
  verify_end_time BIGINT,
  verify_hash TEXT,
  message TEXT
);
CREATE UNIQUE INDEX zone_result_once ON zone_result (command_id, sha256(body));

CREATE TABLE parked_result (
  parked_result_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  command_id TEXT COLLATE "C" NOT NULL,
  zone TEXT NOT NULL,
  reason_code TEXT NOT NULL,
  received_time BIGINT NOT NULL,
  body BYTEA NOT NULL
);

CREATE TABLE paused_zone (
  zone TEXT NOT NULL PRIMARY KEY
);

CREATE TABLE controller_instance (
  instance_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  program TEXT NOT NULL,
  started_time BIGINT NOT NULL,
  beat_time BIGINT NOT NULL
);
