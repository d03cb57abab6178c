//go:build linux

package robot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/coder/websocket"
)

// bidi is a connection of WebDriver BiDi (W3C): commands with an id, answers with the same id, and events between them.
type bidi struct {
	conn  *websocket.Conn
	event func(method string, params json.RawMessage)

	mu      sync.Mutex
	last    int
	waiting map[int]chan bidiMessage
	gone    error // why the connection ended
}

type bidiMessage struct {
	Type    string          `json:"type"` // success, error, event
	ID      int             `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

func dialBidi(ctx context.Context, url string, event func(string, json.RawMessage)) (*bidi, error) {
	conn, resp, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	if resp.Body != nil {
		_ = resp.Body.Close() // an upgraded connection has no body to read
	}
	conn.SetReadLimit(64 << 20) // a picture is one message
	b := &bidi{conn: conn, event: event, waiting: map[int]chan bidiMessage{}}
	go b.read(context.WithoutCancel(ctx))
	return b, nil
}

func (b *bidi) read(ctx context.Context) {
	for {
		_, data, err := b.conn.Read(ctx)
		var m bidiMessage
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		if err != nil {
			b.fail(err)
			return
		}
		if m.Type == "event" {
			b.event(m.Method, m.Params)
			continue
		}
		b.mu.Lock()
		answer := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

// fail ends all that wait.
func (b *bidi) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = err
	for _, answer := range b.waiting {
		close(answer)
	}
	b.waiting = nil
}

func (b *bidi) call(ctx context.Context, method string, params, result any) error {
	answer := make(chan bidiMessage, 1)
	b.mu.Lock()
	if b.gone != nil {
		b.mu.Unlock()
		return b.gone
	}
	b.last++
	id := b.last
	b.waiting[id] = answer
	b.mu.Unlock()
	data, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err == nil {
		err = b.conn.Write(ctx, websocket.MessageText, data)
	}
	if err != nil {
		return err
	}
	select {
	case m, ok := <-answer:
		switch {
		case !ok:
			return errors.New("the browser is gone")
		case m.Type == "error":
			return fmt.Errorf("%s: %s: %s", method, m.Error, m.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-ctx.Done():
		return ctx.Err()
	}
}
