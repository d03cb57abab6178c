-- +goose Up
-- What a hire was promised: a report is erased so many days after it came. Invites from before promised nothing.

ALTER TABLE invites ADD COLUMN keep INTEGER NOT NULL DEFAULT 0; -- days; 0: no date is promised
ALTER TABLE invites ADD COLUMN erased INTEGER;                  -- when the report that counted was, or the invite itself
ALTER TABLE reports ADD COLUMN due INTEGER;                     -- when to erase it; empty: never, or it is done
ALTER TABLE reports ADD COLUMN erased INTEGER;
CREATE INDEX reports_due ON reports (due) WHERE due IS NOT NULL;
