-- Every command the zone has ever been told, in the order it was told; times are UTC microseconds.
CREATE TABLE command (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  command_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('Accepted', 'Running', 'Finished')),
  body TEXT,                                         -- as JSON in one form; none: cancelled before it was ever told
  fence BIGINT NOT NULL CHECK (fence >= 0),          -- the highest seen
  traceparent TEXT NOT NULL,
  cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
  accepted_time BIGINT NOT NULL,
  started_time BIGINT,                               -- of the first run
  finished_time BIGINT,
  result TEXT,
  CHECK (body IS NOT NULL OR state = 'Finished'),
  CHECK ((state = 'Finished') = (result IS NOT NULL)),
  CHECK ((state = 'Finished') = (finished_time IS NOT NULL)),
  CHECK (state <> 'Running' OR started_time IS NOT NULL)
);
CREATE INDEX command_open ON command (state, seq) WHERE state <> 'Finished';

-- Results that the result store does not have yet.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  command_id TEXT NOT NULL UNIQUE REFERENCES command (command_id),
  attempts BIGINT NOT NULL DEFAULT 0,
  next_attempt_time BIGINT NOT NULL,
  last_error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_due ON outbox (next_attempt_time, seq);
