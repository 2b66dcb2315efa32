CREATE TABLE left_result (
  arrival BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  command_id TEXT NOT NULL,
  zone TEXT NOT NULL,
  body BYTEA NOT NULL,
  received_time BIGINT NOT NULL
);
CREATE INDEX left_result_command ON left_result (command_id);
