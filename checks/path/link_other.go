//go:build !linux && !darwin && !windows

package path

import (
	"context"
	"errors"
	"net/netip"
)

func refused(error) bool { return false }

func thisComputer(env func(string) string) computer {
	return computer{
		local: localAddress,
		cards: readCards,
		adapter: func(_ context.Context, one card) (adapter, error) {
			return adapter{index: one.index, name: one.name, id: one.name, why: codeLinkUntold, unsure: true}, nil
		},
		routes:   func(context.Context) ([]defaultRoute, error) { return nil, errors.ErrUnsupported },
		radio:    func(context.Context, adapter) (radio, error) { return radio{}, errors.ErrUnsupported },
		proxy:    func(context.Context) (proxying, error) { return withEnvironment(env, proxyNone), nil },
		probes:   portProbes(),
		answered: func(context.Context, netip.Addr) (bool, error) { return false, errors.ErrUnsupported },
	}
}
