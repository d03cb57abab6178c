package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/browser"
	"deskready/checks/office"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/collector"
	"deskready/report/guide"
	"deskready/report/policies"
	"deskready/report/render"
	"deskready/report/seal"
	"deskready/report/verify"
)

// journey is one run of check under way.
type journey struct {
	*world
	checkOptions
	book          words.Book
	catalogue     []checks.Check // as described, not yet joined to this run
	sealed        []byte         // the invite as delivered
	inv           *report.Invite
	compiled      []byte
	pol           report.Policy
	key           seal.Key
	state         *runState
	previous      *runRecord      // the run before this one
	leftOut       map[string]bool // by check
	refused       map[string]bool
	kept          []checks.Result // results that are not measured again
	client        *http.Client
	offset        time.Duration // from this computer's clock to the collector's
	record        runRecord
	unreached     *office.Ticket // of a collector that could not be reached: what stands in the way is looked for all the same
	sealedWitness []byte         // the collector's own account of the run
	report        report.Report
	signed        []byte // the report as it was sealed
	delivered     *bool
	keptUntil     time.Time        // what was delivered, by the employer; zero: no date is promised
	refusal       *fault           // of the report, by the collector
	assurance     report.Assurance // by the collector's receipt
	files         report.Files
	tellAsk       *meter
	page          *guide.Guide // where the person is asked and told; nil: in the terminal
	probe         *browser.Probe
	given         []byte // an invite that was handed over, and is neither a file nor a link
	seen          bool   // the result was seen before it is signed
	shown         bool   // the answer is on standard output already
}

func (j *journey) close() {
	if j.state != nil {
		j.state.close()
	}
}

func (j *journey) openBook(context.Context) (err error) {
	j.leftOut, j.refused = map[string]bool{}, map[string]bool{}
	j.catalogue = j.list(all.Options{})
	j.book, err = j.world.book(j.lang, j.catalogue)
	return err
}

// openInvite reads the invite from a file or a link and opens it.
func (j *journey) openInvite(ctx context.Context) error {
	if j.invite == "" && j.given == nil {
		return nil
	}
	file, err := j.fetchInvite(ctx)
	if err != nil {
		return err
	}
	inv, err := verify.Invite(file, j.now(), nil)
	if err != nil {
		return inviteFault(j.invite, err)
	}
	j.sealed, j.inv = file, &inv
	j.client = httpClient(inv.Pin)
	if j.collector == "" {
		j.collector = inv.Collector
	}
	return nil
}

func (j *journey) fetchInvite(ctx context.Context) ([]byte, error) {
	if j.given != nil {
		return j.given, nil
	}
	if !isLink(j.invite) {
		return readFile(j.invite, report.MaxInvite)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, pin, _ := strings.Cut(j.invite, "#") // of a collector that made its own certificate
	file, err := collector.FetchInvite(ctx, httpClient(pin), j.invite)
	if err != nil {
		if f := refusedFault(err); f != nil {
			return nil, f
		}
		return nil, &fault{
			exit: exitUnreadable, code: "unreadable", what: "fetching the invite: " + j.why(err),
			hint: "check the link and your connection, or ask the employer for the invite as a file",
		}
	}
	return file, nil
}

func isLink(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// inviteFault says what is wrong with an invite and what to do.
func inviteFault(name string, err error) *fault {
	f := &fault{exit: 21, code: "malformed", what: "reading the invite " + name + ": " + err.Error(), hint: "download the invite again, or ask the employer for a new one"}
	var version *report.VersionError
	switch {
	case errors.Is(err, verify.ErrExpired):
		f.exit, f.code, f.hint = 22, "expired", "ask the employer for a new invite; but if the clock of this computer is wrong, set it first"
	case errors.Is(err, seal.ErrSignature), errors.Is(err, seal.ErrUntrusted):
		f.exit, f.code, f.hint = 20, "untrusted", "this file was changed on its way; ask the employer for the invite again"
	case errors.As(err, &version):
		f.code, f.hint = "version", "get the newest deskready"
	}
	return f
}

// readFile reads a file that somebody else may have made.
func readFile(name string, limit int64) ([]byte, error) {
	// A pipe or a device may keep whoever opens it waiting for ever.
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, unreadable(name, errors.New("this is no file"))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if int64(len(data)) > limit {
		return nil, &fault{exit: 21, code: "malformed", what: "reading " + name + ": larger than any such file", hint: "check that this is the right file"}
	}
	return data, nil
}

func unreadable(name string, err error) *fault {
	var why *fs.PathError
	text := err.Error()
	if errors.As(err, &why) {
		text = why.Err.Error()
	}
	return &fault{exit: exitUnreadable, code: "unreadable", what: "reading " + name + ": " + text, hint: "check the name and whether you may read it"}
}

// openPolicy takes the invite's policy, or the one named, or home.
func (j *journey) openPolicy(context.Context) error {
	if j.inv != nil {
		p, err := report.DecodePolicy(j.inv.Policy.Compiled)
		if err != nil {
			return inviteFault(j.invite, err)
		}
		j.pol, j.compiled = p, j.inv.Policy.Compiled
		return nil
	}
	name := j.policy
	if name == "" {
		name = "home"
	}
	p, err := loadPolicy(name, catalogueMetrics(j.catalogue), j.roles)
	if err != nil {
		return err
	}
	j.pol = p
	j.compiled, err = p.Compile()
	return err
}

// loadPolicy finds a policy by its name among those shipped, or in a file.
func loadPolicy(name string, metrics []checks.Metric, roles []string) (report.Policy, error) {
	var p report.Policy
	var err error
	if slices.Contains(policies.Names(), name) {
		p, err = policies.Load(name, metrics, roles...)
	} else {
		var data []byte
		data, err = readFile(name, report.MaxPolicySource)
		if err != nil {
			var f *fault
			if errors.As(err, &f) {
				f.hint = "policies by name are " + strings.Join(policies.Names(), ", ") + "; or give a file"
			}
			return p, err
		}
		p, err = report.ParsePolicy(data, metrics, roles...)
	}
	if err != nil {
		return p, &fault{exit: 21, code: "bad_policy", what: "policy " + name + ": " + err.Error(), hint: "deskready policy lint FILE says what is wrong, line by line"}
	}
	return p, nil
}

// judge makes the report of what was measured.
func (j *journey) judge() {
	findings := j.pol.Judge(j.record.Results)
	j.report = report.Report{
		Version: report.Version,
		Verdict: report.Decide(findings),
		Policy:  report.PolicyRef{Name: j.pol.Name, Digest: report.Digest(j.compiled), Compiled: j.compiled},
		Run:     j.record.Run, Nonce: j.record.Nonce, Attempt: j.record.Attempt, Previous: j.record.Previous, Offline: j.record.Offline,
		Tool:     j.tool(),
		Began:    j.record.Began,
		Seconds:  j.record.seconds(),
		Results:  j.record.Results,
		Findings: findings,
		Consent:  j.record.Consent,
	}
	if j.inv != nil {
		j.report.Invite = &report.InviteRef{ID: j.inv.ID, For: j.inv.For, Sealed: j.sealed}
		j.report.Audience = j.inv.Collector
		j.report.Witness = j.sealedWitness
	}
}

func (w *world) tool() report.Tool {
	return report.Tool{Version: w.version, Commit: w.commit, OS: runtime.GOOS, Arch: runtime.GOARCH}
}

// readable is the report with what its reader adds.
func (j *journey) readable() report.Report {
	r := j.report
	r.Files, r.Delivered, r.Assurance = &j.files, j.delivered, report.A0
	if j.assurance != "" {
		r.Assurance = j.assurance
	}
	return r
}

// answer prints the report on standard output, in the format asked for.
func (j *journey) answer() error {
	var buf bytes.Buffer
	if err := render.Formats[j.format](&buf, j.book, j.readable(), j.look(j.plain)); err != nil {
		return err
	}
	_, err := j.stdout.Write(buf.Bytes())
	return err
}

// finish prints the answer, or only how it ended where the answer was shown before the signature.
func (j *journey) finish() error {
	if !j.shown {
		return j.answer()
	}
	for _, end := range []struct{ key, value string }{
		{"cmd.left.draft", j.files.Draft}, {"cmd.left.report", j.files.Report},
		{"cmd.left.receipt", j.files.Receipt}, {"cmd.left.page", j.files.HTML},
	} {
		if end.value != "" {
			j.say("%s", j.book.Text(end.key, "file", end.value))
		}
	}
	return nil
}

func (j *journey) exit(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return exit(exitInterrupted)
	case j.delivered != nil && !*j.delivered:
		return exit(exitUndelivered)
	}
	return verdictExit(j.report.Verdict)
}

func verdictExit(v report.Verdict) error {
	switch v {
	case report.Ready:
		return nil
	case report.NotReady:
		return exit(exitNotReady)
	default:
		return exit(exitUndecided)
	}
}

// keyFolder holds one key for each collector, so that employers cannot find out about each other.
func (w *world) keyFolder() string { return filepath.Join(w.config, "keys") }

func (w *world) keyFile(inv *report.Invite) string {
	name := "self"
	if inv != nil {
		name = strings.TrimPrefix(report.Digest([]byte(inv.Key)), "sha256:")[:16]
	}
	return filepath.Join(w.keyFolder(), name+".pem")
}

// openKey loads the hire's key for this collector, and makes it on first use.
func (j *journey) openKey(context.Context) error {
	if j.config == "" {
		return &fault{exit: exitUnexpected, code: "no_home", what: "there is no folder for the key: this account has no home", hint: "set DESKREADY_CONFIG to a folder that is yours alone"}
	}
	key, err := loadOrMakeKey(j.keyFile(j.inv), j.rand)
	if err != nil {
		return &fault{exit: exitUnexpected, code: "key", what: "opening the signing key: " + err.Error(), hint: "the key lies in " + j.keyFolder() + "; it must be yours, and there must be room on the disk"}
	}
	j.key = key
	return nil
}

func loadOrMakeKey(path string, random io.Reader) (seal.Key, error) {
	key, err := seal.LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key, err = seal.NewKey(random)
	if err != nil {
		return key, err
	}
	return key, key.Save(path)
}
