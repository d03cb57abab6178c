package guide

import (
	"context"
	"net/url"

	"deskready/checks"
)

// askPanel shows the page of a check until it says that it has ended. A page that is skipped, dead or closed has not
// ended: whatever it posted by then is the check's.
func (g *Guide) askPanel(ctx context.Context, q checks.Question) error {
	if g.Panels[q.Panel] == nil {
		return checks.ErrNoPanel
	}
	t := &turn{page: "panel", stage: 3, body: panelBody{q}, form: form{"do": choice("ended", "skip")}}
	defer g.cover(t)()
	v, err := g.await(ctx, t, g.Patience.Panel, g.Patience.Gone)
	return ended(v, err)
}

func ended(v url.Values, err error) error {
	if err == nil && v.Get("do") != "ended" {
		return ErrNobody
	}
	return err
}

type panelBody struct{ checks.Question }

// Source is where the page's files are.
func (b panelBody) Source() string { return panelPath + b.Panel + "/" }
