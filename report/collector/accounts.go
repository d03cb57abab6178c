package collector

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"deskready/checks"
)

// Lives of what opens the recruiters' pages.
const (
	sessionIdle = 30 * time.Minute
	sessionLife = 12 * time.Hour
	linkLife    = 48 * time.Hour
)

// Bounds of passwords, in characters. NIST SP 800-63B: length, and no rules about kinds of characters.
const (
	minPassword = 12
	maxPassword = 200
)

// Roles of those who sign in.
const (
	roleAdmin     = "admin" // makes and removes accounts
	roleRecruiter = "recruiter"
)

// Why an account is refused. The texts for people are words of that key.
var (
	errLinkUsed  = errors.New("link_used")
	errNameTaken = errors.New("name_taken")
	errName      = errors.New("name_bad")
	errPassword  = errors.New("password_bad")
	errLogin     = errors.New("login_wrong")
	errLastAdmin = errors.New("last_admin")
	errDiffers   = errors.New("password_differs")
)

// user is somebody who signed in.
type user struct {
	ID         int64
	Name, Role string
	Created    time.Time
}

// Admin says whether the user may make accounts.
func (u user) Admin() bool { return u.Role == roleAdmin }

// HasAdmin says whether anybody can sign in as an administrator yet.
func (s *Store) HasAdmin(ctx context.Context) (bool, error) {
	var n int
	err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM users WHERE role = ?", roleAdmin).Scan(&n)
	return n > 0, plainly(err)
}

// AdminLink makes the token of a one-time link, by which an administrator chooses name and password: the first one, or
// one who lost the password. The link is the public URL and WelcomePath(token). It lives two days, and replaces such
// links made before.
func (s *Store) AdminLink(ctx context.Context) (token string, err error) {
	return s.newLink(ctx, roleAdmin)
}

// WelcomePath is the path of a one-time link.
func WelcomePath(token string) string { return "/welcome/" + token }

func (s *Store) newLink(ctx context.Context, role string) (string, error) {
	token, err := s.token(24)
	if err != nil {
		return "", err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, "DELETE FROM links WHERE expires <= ? OR role = ? AND role = 'admin'", millis(now), role); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO links (hash, role, expires) VALUES (?, ?, ?)", hashed(token), role, millis(now.Add(linkLife)))
		return err
	})
	return token, err
}

// linkRole says what a one-time link is for, as long as it was not used.
func (s *Store) linkRole(ctx context.Context, token string) (string, error) {
	var role string
	err := s.read.QueryRowContext(ctx, "SELECT role FROM links WHERE hash = ? AND expires > ?", hashed(token), millis(s.now())).Scan(&role)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errLinkUsed
	}
	return role, err
}

// useLink spends a one-time link for an account. An administrator's link takes over an account of that name, which is
// what it is for when a password is lost; a recruiter's does not.
func (s *Store) useLink(ctx context.Context, token, name, password string) (user, error) {
	name, err := goodName(name)
	if err != nil {
		return user{}, err
	}
	hash, err := s.newPassword(name, password)
	if err != nil {
		return user{}, err
	}
	u := user{Name: name, Created: s.now()}
	err = s.change(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "DELETE FROM links WHERE hash = ? AND expires > ? RETURNING role",
			hashed(token), millis(s.now())).Scan(&u.Role)
		if errors.Is(err, sql.ErrNoRows) {
			return errLinkUsed
		}
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, "SELECT id FROM users WHERE name = ?", name).Scan(&u.ID)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return tx.QueryRowContext(ctx, "INSERT INTO users (name, password, role, created) VALUES (?, ?, ?, ?) RETURNING id",
				name, hash, u.Role, millis(s.now())).Scan(&u.ID)
		case err != nil:
			return err
		case u.Role != roleAdmin:
			return errNameTaken // rolls back: the link stays good
		}
		if _, err := tx.ExecContext(ctx, "UPDATE users SET password = ?, role = ? WHERE id = ?", hash, u.Role, u.ID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM sessions WHERE user = ?", u.ID)
		return err
	})
	return u, err
}

func goodName(name string) (string, error) {
	if name = checks.Clean(name, maxName+1); name == "" || utf8.RuneCountInString(name) > 64 {
		return "", errName
	}
	return name, nil
}

// login gives the user whose name and password these are. An unknown name takes as long as a known one.
func (s *Store) login(ctx context.Context, name, password string) (user, error) {
	var u user
	var hash string
	var created int64
	err := s.read.QueryRowContext(ctx, "SELECT id, name, role, created, password FROM users WHERE name = ?", strings.TrimSpace(name)).
		Scan(&u.ID, &u.Name, &u.Role, &created, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return user{}, err
	}
	if hash == "" {
		hash = nobody
	}
	if utf8.RuneCountInString(password) > maxPassword || !samePassword(hash, password) || u.ID == 0 {
		return user{}, errLogin
	}
	u.Created = when(created)
	return u, nil
}

// begin starts a session and gives its cookie. Old sessions are swept on the way.
func (s *Store) begin(ctx context.Context, u user) (string, error) {
	token, err := s.token(32)
	if err != nil {
		return "", err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE seen <= ? OR created <= ?",
			millis(now.Add(-sessionIdle)), millis(now.Add(-sessionLife))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO sessions (hash, user, created, seen) VALUES (?, ?, ?, ?)",
			hashed(token), u.ID, millis(now), millis(now))
		return err
	})
	return token, err
}

// session gives the user of a cookie. When it is due, once a minute at most, the caller notes by inUse that the session
// is in use.
func (s *Store) session(ctx context.Context, token string) (u user, due bool, err error) {
	now := s.now()
	var created, seen int64
	err = s.read.QueryRowContext(ctx, `SELECT u.id, u.name, u.role, u.created, s.seen FROM sessions s JOIN users u ON u.id = s.user
		WHERE s.hash = ? AND s.seen > ? AND s.created > ?`,
		hashed(token), millis(now.Add(-sessionIdle)), millis(now.Add(-sessionLife))).Scan(&u.ID, &u.Name, &u.Role, &created, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return user{}, false, errLogin
	}
	if err != nil {
		return user{}, false, err
	}
	u.Created = when(created)
	return u, now.Sub(when(seen)) >= time.Minute, nil
}

// inUse prolongs a session.
func (s *Store) inUse(ctx context.Context, token string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE sessions SET seen = ? WHERE hash = ?", millis(s.now()), hashed(token))
		return err
	})
}

func (s *Store) logout(ctx context.Context, token string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE hash = ?", hashed(token))
		return err
	})
}

// changePassword changes it for who knows the old one, and ends all other sessions.
func (s *Store) changePassword(ctx context.Context, u user, session, old, fresh string) error {
	if _, err := s.login(ctx, u.Name, old); err != nil {
		return err
	}
	hash, err := s.newPassword(u.Name, fresh)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE users SET password = ? WHERE id = ?", hash, u.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE user = ? AND hash <> ?", u.ID, hashed(session))
		return err
	})
}

func (s *Store) users(ctx context.Context) ([]user, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id, name, role, created FROM users ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []user
	for rows.Next() {
		var u user
		var created int64
		if err := rows.Scan(&u.ID, &u.Name, &u.Role, &created); err != nil {
			return nil, err
		}
		u.Created = when(created)
		list = append(list, u)
	}
	return list, rows.Err()
}

// removeUser ends an account and its sessions at once. The last administrator stays.
func (s *Store) removeUser(ctx context.Context, id int64) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM users WHERE id = ?", id); err != nil {
			return err
		}
		var admins int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM users WHERE role = ?", roleAdmin).Scan(&admins); err != nil {
			return err
		}
		if admins == 0 {
			return errLastAdmin
		}
		return nil
	})
}

// Cost of a password, from OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
)

// nobody is the hash that no password has: its key is shorter than any that argon2 is asked for here.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AA"

func (s *Store) newPassword(name, password string) (string, error) {
	n := utf8.RuneCountInString(password)
	if n < minPassword || n > maxPassword || !utf8.ValidString(password) || strings.EqualFold(strings.TrimSpace(password), name) {
		return "", errPassword
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(s.rand, salt); err != nil {
		return "", err
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, 32)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, b64(salt), b64(key)), nil
}

// samePassword reads the costs from the hash, so that they can grow without locking anybody out.
func samePassword(hash, password string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || passes == 0 || lanes == 0 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, 32)
	return subtle.ConstantTimeCompare(got, want) == 1
}
