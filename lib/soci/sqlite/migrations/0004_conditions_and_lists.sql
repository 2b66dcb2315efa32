-- Conditions without lists: for each IN with more than two values, SQLite fills a table of its own in every statement that
-- checks it, which was four fifths of the time of a write. The conditions stay what they are, and so do all the rows:
-- https://sqlite.org/lang_altertable.html#otheralter. RESET reads the schema anew, and the indexes below tell every
-- other connection to do so as well.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'transport IN (''HTTP'', ''FileDrop'', ''Queue'', ''Library'')',
  'transport = ''HTTP'' OR transport = ''FileDrop'' OR transport = ''Queue'' OR transport = ''Library''')
  WHERE name = 'backup_request';
UPDATE sqlite_schema SET sql = replace(sql, 'state_code IN
    (''Received'', ''Allowed'', ''NotAllowed'', ''Sent'', ''Succeeded'', ''Failed'', ''Cancelled'')',
  'state_code = ''Received'' OR state_code = ''Allowed'' OR state_code = ''NotAllowed'' OR state_code = ''Sent''
    OR state_code = ''Succeeded'' OR state_code = ''Failed'' OR state_code = ''Cancelled''')
  WHERE name IN ('backup_request', 'request_history');
UPDATE sqlite_schema SET sql = replace(sql, 'state_code NOT IN (''Allowed'', ''Sent'', ''Succeeded'', ''Failed'')',
  'NOT (state_code = ''Allowed'' OR state_code = ''Sent'' OR state_code = ''Succeeded'' OR state_code = ''Failed'')')
  WHERE name = 'backup_request';
UPDATE sqlite_schema SET sql = replace(sql, 'state_code NOT IN (''Sent'', ''Succeeded'', ''Failed'')',
  'NOT (state_code = ''Sent'' OR state_code = ''Succeeded'' OR state_code = ''Failed'')')
  WHERE name = 'backup_request';
UPDATE sqlite_schema SET sql = replace(sql, 'state_code NOT IN (''Received'', ''Allowed'', ''NotAllowed'')',
  'NOT (state_code = ''Received'' OR state_code = ''Allowed'' OR state_code = ''NotAllowed'')')
  WHERE name = 'backup_request';
UPDATE sqlite_schema SET sql = replace(sql, 'state_code IN (''Received'', ''Allowed'', ''Sent'')',
  '(state_code = ''Received'' OR state_code = ''Allowed'' OR state_code = ''Sent'')')
  WHERE name IN ('backup_request', 'backup_request_open', 'row_without_next_step');
UPDATE sqlite_schema SET sql = replace(sql, 'state_code IN (''Stored'', ''Deleting'', ''Deleted'', ''Missing'')',
  'state_code = ''Stored'' OR state_code = ''Deleting'' OR state_code = ''Deleted'' OR state_code = ''Missing''')
  WHERE name = 'backup';
UPDATE sqlite_schema SET sql = replace(sql, 'result_code IN (''Succeeded'', ''Failed'', ''Cancelled'')',
  'result_code = ''Succeeded'' OR result_code = ''Failed'' OR result_code = ''Cancelled''')
  WHERE name = 'zone_result';
PRAGMA writable_schema = RESET;

-- Pages of the list of requests, newest first: by a state that few of many are in, and by who asked.
CREATE INDEX backup_request_state ON backup_request (state_code, backup_request_id) WHERE state_code <> 'Succeeded';
CREATE INDEX backup_request_requester ON backup_request (requester_id, backup_request_id);
