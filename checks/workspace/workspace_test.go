package workspace

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"deskready/checks"
	"deskready/checks/checktest"
	"deskready/checks/words"
)

func everything() []string {
	var ids []string
	for _, m := range metrics() {
		ids = append(ids, m.ID)
	}
	return ids
}

// says answers every question with the same choice, and notes the questions.
func says(answer string, asked *[]checks.Question) checks.Ask {
	return func(_ context.Context, q checks.Question) (string, error) {
		*asked = append(*asked, q)
		return answer, nil
	}
}

func TestConforms(t *testing.T) {
	var asked []checks.Question
	t.Run("fake", func(t *testing.T) {
		checktest.Conforms(t, New(Options{Ask: says(answerYes, &asked), Asked: everything()}))
	})
	t.Run("as described", func(t *testing.T) { checktest.Conforms(t, New(Options{})) })
	t.Run("nobody there", func(t *testing.T) { checktest.Conforms(t, New(Options{Asked: everything()})) })
}

func run(ctx context.Context, o Options) []checks.Measurement {
	var list []checks.Measurement
	for r := range checks.Run(ctx, time.Now, []checks.Check{New(o)}, nil) {
		list = append(list, r.Measurements...)
	}
	return list
}

func TestAnswers(t *testing.T) {
	for answer, want := range map[string]struct {
		value float64
		code  string
	}{
		answerYes: {1, ""}, answerNo: {0, ""}, answerDeclined: {0, checks.CodeDenied}, "": {0, checks.CodeDenied},
	} {
		var asked []checks.Question
		got := run(t.Context(), Options{Ask: says(answer, &asked), Asked: []string{door.ID, "workspace.unheard_of"}})
		if len(asked) != 1 || asked[0].Key != "workspace.door.question" || len(asked[0].Choices) != 3 {
			t.Errorf("%q: asked %+v", answer, asked)
		}
		for _, m := range got {
			code := ""
			if m.Missing != nil {
				code = m.Missing.Code
			}
			switch {
			case m.By != checks.ByHire:
				t.Errorf("%s is told by %q", m.Metric, m.By)
			case m.Metric != door.ID && code != codeNotAsked:
				t.Errorf("%s: %q, want that it was not asked", m.Metric, code)
			case m.Metric == door.ID && (code != want.code || code == "" && m.Value != want.value):
				t.Errorf("%q: %v %q, want %+v", answer, m.Value, code, want)
			}
		}
	}
}

func TestNobodyThere(t *testing.T) {
	gone := func(context.Context, checks.Question) (string, error) { return "", errors.New("no keyboard") }
	for name, ask := range map[string]checks.Ask{"nobody": nil, "gone": gone} {
		for _, m := range run(t.Context(), Options{Ask: ask, Asked: everything()}) {
			if m.Missing == nil || m.Missing.Code != codeNotDeclared || m.Missing.Side != checks.SideHire {
				t.Errorf("%s: %s %+v", name, m.Metric, m.Missing)
			}
		}
	}
}

// TestStopped answers one question, thinks about the second for an hour, which fails nobody, and goes away in the third.
func TestStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		count := 0
		ask := func(ctx context.Context, _ checks.Question) (string, error) {
			switch count++; count {
			case 1:
				return answerYes, nil
			case 2:
				time.Sleep(time.Hour)
				return answerNo, nil
			}
			time.AfterFunc(time.Second, cancel)
			<-ctx.Done()
			return "", ctx.Err()
		}
		for i, m := range run(ctx, Options{Ask: ask, Asked: everything()}) {
			switch {
			case i < 2 && (m.Missing != nil || m.Value != float64(1-i)):
				t.Errorf("%s: %v, %+v", m.Metric, m.Value, m.Missing)
			case i >= 2 && (m.Missing == nil || m.Missing.Code != checks.CodeInterrupted):
				t.Errorf("%s: %+v", m.Metric, m.Missing)
			}
		}
	})
}

func TestEveryQuestionHasWords(t *testing.T) {
	c := New(Options{})
	for _, lang := range words.Languages(c.Words) {
		book, err := words.Open(lang, c.Words)
		if err != nil {
			t.Fatal(err)
		}
		keys := []string{answerYes, answerNo, answerDeclined, "problem." + codeNotAsked, "problem." + codeNotDeclared}
		for _, id := range everything() {
			keys = append(keys, id+".question")
		}
		for _, key := range keys {
			if !book.Has(key) {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
	}
	if !slices.Contains(words.Languages(c.Words), "es") {
		t.Error("no Spanish")
	}
}
