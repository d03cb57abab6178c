package verify

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"deskready/report"
	"deskready/report/seal"
)

// ErrExpired is about a document whose time is over.
var ErrExpired = errors.New("its time is over")

// SealInvite makes the file of an invite. The key that seals it is the one named in it.
func SealInvite(i report.Invite, k seal.Key) ([]byte, error) {
	i.Version, i.Key = report.Version, k.Public().PEM()
	if err := checkInvite(i); err != nil {
		return nil, fmt.Errorf("sealing the invite: %w", err)
	}
	payload, err := json.Marshal(i)
	if err != nil {
		return nil, fmt.Errorf("sealing the invite: %w", err)
	}
	file, err := seal.Seal(k, report.InviteType, payload)
	if err != nil {
		return nil, fmt.Errorf("sealing the invite: %w", err)
	}
	if len(file) > report.MaxInvite {
		return nil, fmt.Errorf("the sealed invite would be %d bytes, %d allowed: make the policy smaller", len(file), report.MaxInvite)
	}
	return file, nil
}

// Invite opens the file of an invite: its seal must be by the key that it names and, where trust is given, by a key of
// that collector. Without trust the invite is whole, and nobody knows whose it is. Errors are those of package seal, a
// *report.VersionError, and ErrExpired, which comes with the invite. A now of zero asks nothing about the time.
func Invite(file []byte, now time.Time, trust *Trust) (report.Invite, error) {
	i, err := openInvite(file, trust)
	if err != nil {
		return report.Invite{}, fmt.Errorf("opening the invite: %w", err)
	}
	if !now.IsZero() && now.After(i.Expires) {
		return i, fmt.Errorf("the invite ended on %s: %w", i.Expires.UTC().Format(time.DateOnly), ErrExpired)
	}
	return i, nil
}

func openInvite(file []byte, trust *Trust) (report.Invite, error) {
	if len(file) > report.MaxInvite {
		return report.Invite{}, malformed("%d bytes, %d allowed", len(file), report.MaxInvite)
	}
	e, err := seal.Read(file)
	if err != nil {
		return report.Invite{}, err
	}
	if e.PayloadType() != report.InviteType {
		return report.Invite{}, malformed("it holds %.80q, which is no invite", e.PayloadType())
	}
	i, err := report.DecodeInvite(e.Unverified())
	if err != nil {
		return report.Invite{}, asMalformed(err)
	}
	own, err := ownKey(e, i.Key)
	if err != nil {
		return report.Invite{}, err
	}
	if _, err := e.Open(report.InviteType, own); err != nil {
		return report.Invite{}, err
	}
	if trust != nil && !slices.ContainsFunc(trust.keys(UseInvite, i.Issued), own.Equal) {
		return report.Invite{}, fmt.Errorf("%w: %s", seal.ErrUntrusted, own.ID())
	}
	if err := checkInvite(i); err != nil {
		return report.Invite{}, err
	}
	return i, nil
}

// ownKey is the key that a self-contained document names, which must be the one it was signed with.
func ownKey(e seal.Envelope, text string) (seal.Public, error) {
	p, err := seal.ParsePublic([]byte(text))
	if err != nil {
		return seal.Public{}, fmt.Errorf("%w: the key inside: %w", seal.ErrMalformed, err)
	}
	if p.ID() != e.KeyID() {
		return seal.Public{}, fmt.Errorf("%w: signed by %.80q, and the key inside is %s", seal.ErrUntrusted, e.KeyID(), p.ID())
	}
	return p, nil
}

func checkInvite(i report.Invite) error {
	switch {
	case i.ID == "" || i.Token == "" || i.Nonce == "":
		return malformed("an invite needs id, token and nonce")
	case !i.Issued.Before(i.Expires):
		return malformed("the invite ends before it begins")
	case i.Keep < 0 || i.Keep > report.MaxKeep:
		return malformed("it says that reports are kept for %d days, and 0 to %d are possible", i.Keep, report.MaxKeep)
	}
	if u, err := url.Parse(i.Collector); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return malformed("%.80q is no address of a collector", i.Collector)
	}
	_, err := openPolicy(i.Policy)
	return err
}

// openPolicy reads a policy that must have the digest and the name it is called by.
func openPolicy(ref report.PolicyRef) (report.Policy, error) {
	if report.Digest(ref.Compiled) != ref.Digest {
		return report.Policy{}, fmt.Errorf("%w: its digest is %s and %.80q was named", errPolicy, report.Digest(ref.Compiled), ref.Digest)
	}
	p, err := report.DecodePolicy(ref.Compiled)
	if err != nil {
		return report.Policy{}, asMalformed(err)
	}
	if p.Name != ref.Name {
		return report.Policy{}, fmt.Errorf("%w: its name is %.80q and %.80q was named", errPolicy, p.Name, ref.Name)
	}
	return p, nil
}

// errPolicy is about a policy that is another than the one named.
var errPolicy = errors.New("another policy")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{seal.ErrMalformed}, args...)...)
}

// asMalformed marks an error of a decoder, which speaks of the document, as such.
func asMalformed(err error) error {
	return fmt.Errorf("%w: %w", seal.ErrMalformed, err)
}
