-- A job is a row of versions that are never changed but for their state.
CREATE TABLE job (
  job_id           TEXT PRIMARY KEY CHECK (length(job_id) = 36),
  newest_version   BIGINT NOT NULL CHECK (newest_version >= 1),
  in_force_version BIGINT CHECK (in_force_version <= newest_version),
  FOREIGN KEY (job_id, newest_version) REFERENCES job_version (job_id, version) DEFERRABLE INITIALLY DEFERRED,
  FOREIGN KEY (job_id, in_force_version) REFERENCES job_version (job_id, version) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE job_version (
  job_id       TEXT NOT NULL REFERENCES job (job_id) DEFERRABLE INITIALLY DEFERRED,
  version      BIGINT NOT NULL CHECK (version >= 1),
  state        TEXT NOT NULL CHECK (state IN ('Draft', 'Submitted', 'Approved', 'Denied', 'Suspended', 'Retired')),
  state_by     TEXT NOT NULL CHECK (state_by <> ''),
  written_by   TEXT NOT NULL CHECK (written_by <> ''),
  written_time BIGINT NOT NULL,
  owner_id     TEXT NOT NULL CHECK (owner_id <> ''),
  zone         TEXT NOT NULL CHECK (zone <> ''),
  document     TEXT NOT NULL,
  PRIMARY KEY (job_id, version)
);

CREATE TABLE job_history (
  entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id   TEXT NOT NULL,
  version  BIGINT NOT NULL,
  action   TEXT NOT NULL
           CHECK (action IN ('create', 'edit', 'submit', 'approve', 'deny', 'suspend', 'resume', 'retire')),
  actor    TEXT NOT NULL CHECK (actor <> ''),
  time     BIGINT NOT NULL,
  state    TEXT NOT NULL,
  comment  TEXT NOT NULL,
  FOREIGN KEY (job_id, version) REFERENCES job_version (job_id, version)
);
CREATE INDEX job_history_of_job ON job_history (job_id, entry_id);
