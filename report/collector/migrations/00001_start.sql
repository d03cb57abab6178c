-- +goose Up
-- Times are Unix milliseconds, UTC. Secrets that open something are kept as their SHA-256 alone.

CREATE TABLE users (
    id       INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    password TEXT    NOT NULL, -- argon2id, PHC string
    role     TEXT    NOT NULL CHECK (role IN ('admin', 'recruiter')),
    created  INTEGER NOT NULL
) STRICT;

CREATE TABLE links (
    hash    BLOB    PRIMARY KEY, -- of the token in a one-time link
    role    TEXT    NOT NULL CHECK (role IN ('admin', 'recruiter')),
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash    BLOB    PRIMARY KEY, -- of the cookie
    user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invites (
    id       TEXT    PRIMARY KEY,
    link     BLOB    NOT NULL UNIQUE, -- hash of the secret in the hire's link
    token    BLOB    NOT NULL,        -- hash of the token that enrols one key
    nonce    TEXT    NOT NULL UNIQUE, -- for a run without a connection
    person   TEXT    NOT NULL,
    search   TEXT    NOT NULL,        -- the name in lower case and without accents
    policy   TEXT    NOT NULL,
    policy_digest TEXT NOT NULL,
    audience TEXT    NOT NULL,
    issued   INTEGER NOT NULL,
    expires  INTEGER NOT NULL,
    by_user  TEXT    NOT NULL,        -- name of who made it, or empty for the command line
    opened   INTEGER,
    started  INTEGER NOT NULL DEFAULT 0, -- runs begun
    submitted INTEGER NOT NULL DEFAULT 0, -- reports received
    enrolled INTEGER,
    key_id   TEXT,
    key_pem  TEXT,
    revoked  INTEGER,
    report   INTEGER REFERENCES reports (id), -- the one that counts: of the latest attempt
    verdict  TEXT,                    -- of that report
    attempt  INTEGER NOT NULL DEFAULT 0,
    changed  INTEGER NOT NULL         -- when anything last happened
) STRICT;

-- The invite file, its exact bytes: apart, or the list of hires would read through all of them.
CREATE TABLE invite_files (
    invite TEXT PRIMARY KEY REFERENCES invites (id),
    sealed BLOB NOT NULL
) STRICT;

-- A nonce given out is an attempt begun, whether its report arrives or not.
CREATE TABLE runs (
    id       TEXT    PRIMARY KEY,
    invite   TEXT    NOT NULL REFERENCES invites (id),
    nonce    TEXT    NOT NULL UNIQUE,
    attempt  INTEGER NOT NULL,
    previous TEXT    NOT NULL,
    issued   INTEGER NOT NULL,
    spent    INTEGER,
    UNIQUE (invite, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    id        INTEGER PRIMARY KEY,
    invite    TEXT    NOT NULL REFERENCES invites (id),
    run       TEXT    NOT NULL,
    nonce     TEXT    NOT NULL UNIQUE,
    payload   TEXT    NOT NULL UNIQUE, -- digest of what was signed
    digest    TEXT    NOT NULL,        -- digest of the file
    file      BLOB    NOT NULL,        -- as it came, to the byte
    receipt   BLOB    NOT NULL,        -- as it was given, to the byte
    received  INTEGER NOT NULL,
    attempt   INTEGER NOT NULL,
    offline   INTEGER NOT NULL CHECK (offline IN (0, 1)),
    verdict   TEXT    NOT NULL,
    assurance TEXT    NOT NULL,
    key_id    TEXT    NOT NULL
) STRICT;
CREATE INDEX reports_by_invite ON reports (invite, received);

CREATE TABLE results (
    report   INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    place    INTEGER NOT NULL,
    metric   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    outcome  TEXT    NOT NULL CHECK (outcome IN ('pass', 'warn', 'fail', 'unknown')),
    required INTEGER NOT NULL CHECK (required IN (0, 1)),
    problem  TEXT    NOT NULL, -- why it is unknown
    PRIMARY KEY (report, place)
) STRICT, WITHOUT ROWID;
