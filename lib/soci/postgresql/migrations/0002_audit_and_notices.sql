-- Decisions and privileged acts, one chain a writer: append only.
CREATE TABLE audit_entry (
  writer_id TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL CHECK (seq >= 1),
  time BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  PRIMARY KEY (writer_id, seq)
);

-- The last entry of each chain. Up to tied_seq an entry of another chain names it.
CREATE TABLE audit_head (
  writer_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL,
  tied_seq BIGINT NOT NULL
);

-- Notices that nobody has been told yet.
CREATE TABLE notice (
  notice_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  event TEXT NOT NULL,
  time BIGINT NOT NULL,
  backup_request_id TEXT COLLATE "C" NOT NULL,
  backup_job_id TEXT COLLATE "C",
  requester_id TEXT COLLATE "C" NOT NULL,
  detail TEXT NOT NULL,
  addresses TEXT NOT NULL, -- one a line
  attempts BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  next_action_time BIGINT NOT NULL
);
CREATE INDEX notice_due ON notice (next_action_time);

-- What somebody owns: by the newest version of each job.
CREATE INDEX job_version_owner ON job_version (owner_id);
