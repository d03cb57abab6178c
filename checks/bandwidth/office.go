package bandwidth

import (
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// An Office is the office end: the HTTP shape of a speedtest.net server under a ticket, and what it counts itself. It
// serves one run at a time, for two would measure each other; the others wait their turn.
type Office struct {
	Secret office.Secret
	Now    func() time.Time // the wall clock, for the expiry of tickets
	Limits Limits

	// Record is told at the end of each session in which there was enough to measure; it may be nil. Each call holds what
	// that one session saw, and no more: a run whose computer was busy measures a direction again in a session of its
	// own, so that a later call may hold the upload alone. Whoever keeps them must merge by metric, not replace a run's
	// list. Of two rates of one direction the higher is the one that the line has carried; the other end keeps that.
	Record func(run string, seen []checks.Measurement)

	mu      sync.Mutex
	present *session         // whose turn it is
	waiting []waiter         // who came first, first
	used    map[string]usage // by ticket, until it expires
	block   []byte           // random: cannot be compressed on the way
}

// Limits bound what one session may do to the office end. Zero values stand for DefaultLimits.
type Limits struct {
	Session time.Duration // the whole of a session, after which its connections are cut
	Idle    time.Duration // a session in which nothing happens for so long is over
	Upload  int64         // bytes of one upload request
}

// DefaultLimits fit the default Options of the other end.
func DefaultLimits() Limits {
	return Limits{Session: time.Minute, Idle: 6 * time.Second, Upload: 8 << 20}
}

const (
	turn        = 2 * time.Second
	spendStep   = 1 << 20           // bytes that are taken from a ticket at once
	followEach  = slice             // between counts that are sent unasked
	placeHeader = "Deskready-Place" // of a refusal: the place in the queue
)

// sizes are the bytes of speedtest.net's pictures of random dots, by the length of their side.
func sizes() map[int]int64 {
	return map[int]int64{350: 245388, 500: 505544, 750: 1118012, 1000: 1986284, 1500: 4468241, 2000: 7907740,
		2500: 12407926, 3000: 17816816, 3500: 24262167, 4000: 31625365}
}

// Handler serves /s/{ticket}/speedtest/: mount it there, or at /s/.
func (o *Office) Handler() http.Handler {
	o.block = newBlock()
	o.used = map[string]usage{}
	limits := DefaultLimits()
	if o.Limits.Session <= 0 {
		o.Limits.Session = limits.Session
	}
	if o.Limits.Idle <= 0 {
		o.Limits.Idle = limits.Idle
	}
	if o.Limits.Upload <= 0 {
		o.Limits.Upload = limits.Upload
	}
	const at = "/s/{ticket}/speedtest/"
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+at+"begin", o.under(true, o.counts))
	mux.HandleFunc("GET "+at+"counts", o.under(false, o.counts))
	mux.HandleFunc("GET "+at+"follow", o.under(false, o.follow))
	mux.HandleFunc("POST "+at+"end", o.under(false, o.end))
	mux.HandleFunc("GET "+at+"latency.txt", o.under(false, o.latency))
	mux.HandleFunc("GET "+at+"{picture}", o.under(false, o.download))
	mux.HandleFunc("POST "+at+"upload.php", o.under(false, o.upload))
	return mux
}

// handler serves a request of an admitted run.
type handler func(w http.ResponseWriter, r *http.Request, s *session)

// under admits a request by its ticket and puts it into the session of its run, a fresh one if asked.
func (o *Office) under(fresh bool, serve handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.PathValue("ticket")
		claims, ok := o.Secret.Admit(w, r, token, o.Now())
		if !ok {
			return
		}
		s, refusal := o.enter(claims, fresh)
		if s == nil {
			if refusal.Code == office.CodeBusy {
				w.Header().Set(placeHeader, strconv.Itoa(o.place(claims.ID)))
			}
			refusal.Refuse(w, r, token)
			return
		}
		defer o.leave(s)
		// A client that reads or writes too slowly holds nobody up for longer than its session.
		rc := http.NewResponseController(w)
		_ = rc.SetReadDeadline(s.until)
		_ = rc.SetWriteDeadline(s.until)
		serve(w, r, s)
	}
}

// reply is a short answer.
func reply(w http.ResponseWriter, r *http.Request, kind, body string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	office.Sign(w, r, r.PathValue("ticket"), http.StatusOK)
	fmt.Fprint(w, body)
}

func (o *Office) latency(w http.ResponseWriter, r *http.Request, _ *session) {
	reply(w, r, "text/plain", latencyBody)
}

func (o *Office) counts(w http.ResponseWriter, r *http.Request, s *session) {
	body, err := s.counts().marshal()
	if err != nil {
		http.Error(w, "counts", http.StatusInternalServerError)
		return
	}
	reply(w, r, "application/json", string(body))
}

func (o *Office) end(w http.ResponseWriter, r *http.Request, s *session) {
	o.close(s)
	o.counts(w, r, s)
}

// follow sends the count of the present direction line by line, until the other end has heard enough.
func (o *Office) follow(w http.ResponseWriter, r *http.Request, s *session) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	office.Sign(w, r, r.PathValue("ticket"), http.StatusOK)
	rc := http.NewResponseController(w)
	beat := time.NewTicker(followEach)
	defer beat.Stop()
	for {
		c := counts{Version: countsVersion, Tick: tick.Seconds(), Up: s.up.tally(), Down: tally{Ticks: []int64{}}, Kernel: s.acks.kernel()}
		if c.Up.Bytes == 0 {
			c.Down = s.down.tally()
		}
		body, err := c.marshal()
		if err == nil {
			_, err = w.Write(append(body, '\n'))
		}
		if err == nil {
			err = rc.Flush()
		}
		if err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			if !time.Now().Before(s.until) {
				return
			}
		}
	}
}

func pictureName(side int) string { return fmt.Sprintf("random%dx%d.jpg", side, side) }

// pictured is how many bytes the picture of a name holds.
func pictured(name string) (int64, bool) {
	var n, m int
	if _, err := fmt.Sscanf(name, "random%dx%d.jpg", &n, &m); err != nil || name != pictureName(n) {
		return 0, false
	}
	size, ok := sizes()[n]
	return size, ok
}

func (o *Office) download(w http.ResponseWriter, r *http.Request, s *session) {
	size, ok := pictured(r.PathValue("picture"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	paid := min(size, spendStep)
	if !o.spend(s, paid) {
		office.Refusal{Status: http.StatusTooManyRequests, Code: office.CodeSpent}.Refuse(w, r, r.PathValue("ticket"))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	office.Sign(w, r, r.PathValue("ticket"), http.StatusOK)
	known := s.acks.watch(office.TCP(r.Context()), &s.down, nil)
	defer s.acks.all()
	o.draw(w, s, size, paid, known)
}

// draw sends a picture of which so many bytes are taken from the ticket; those of the rest it takes step by step, for
// most pictures are not read to their end. Where they run out it is cut short: the next request is told why.
func (o *Office) draw(w io.Writer, s *session, size, paid int64, known bool) {
	at, sent := mrand.IntN(len(o.block)-most), int64(0)
	defer func() { o.spend(s, sent-paid) }() // what was not sent is given back
	for sent < size {
		if sent == paid {
			step := min(size-sent, spendStep)
			if !o.spend(s, step) {
				return
			}
			paid += step
		}
		wrote, err := w.Write(o.block[at : at+int(min(paid-sent, int64(s.wrote.grain())))])
		s.wrote.add(time.Now(), int64(wrote))
		if !known {
			s.down.add(time.Now(), int64(wrote))
		}
		if sent += int64(wrote); err != nil {
			return
		}
		if at += wrote; at > len(o.block)-most {
			at = mrand.IntN(chunk)
		}
	}
}

func (o *Office) upload(w http.ResponseWriter, r *http.Request, s *session) {
	token := r.PathValue("ticket")
	if r.ContentLength < 0 || r.ContentLength > o.Limits.Upload {
		office.Refusal{Status: http.StatusRequestEntityTooLarge, Code: office.CodeRefused}.Refuse(w, r, token)
		return
	}
	if !o.spend(s, r.ContentLength) {
		office.Refusal{Status: http.StatusTooManyRequests, Code: office.CodeSpent}.Refuse(w, r, token)
		return
	}
	known := s.acks.watch(office.TCP(r.Context()), nil, &s.up)
	defer s.acks.all()
	buf, total := make([]byte, most), int64(0)
	for {
		n, err := r.Body.Read(buf)
		if !known {
			s.up.add(time.Now(), int64(n))
		}
		total += int64(n)
		if err != nil {
			break // at the end, or the client is gone: then nobody hears the answer
		}
	}
	if total < r.ContentLength {
		o.spend(s, total-r.ContentLength)
		return
	}
	reply(w, r, "text/plain", fmt.Sprintf("size=%d", total))
}
