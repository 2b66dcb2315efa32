CREATE TABLE left_result (
  arrival INTEGER PRIMARY KEY AUTOINCREMENT,
  command_id TEXT NOT NULL,
  zone TEXT NOT NULL,
  body TEXT NOT NULL,
  received_time BIGINT NOT NULL
);
CREATE INDEX left_result_command ON left_result (command_id);
