package path

import (
	"context"
	"errors"
	"net/netip"
	"syscall"

	"golang.org/x/net/route"
)

func thisComputer(env func(string) string) computer {
	return computer{
		local: localAddress,
		cards: readCards,
		adapter: func(ctx context.Context, one card) (adapter, error) {
			ports, err := output(ctx, "/usr/sbin/networksetup", "-listallhardwareports")
			if err != nil && ctx.Err() != nil {
				return adapter{}, err
			}
			told, err := output(ctx, "/sbin/ifconfig", "-v", one.name)
			if err != nil && ctx.Err() != nil {
				return adapter{}, err
			}
			kind, rate := parseIfconfig(string(told)) // of either that failed nothing is told
			return macAdapter(one, parsePorts(string(ports))[one.name], kind, rate), nil
		},
		routes: func(context.Context) ([]defaultRoute, error) { return readRoutes() },
		radio: func(ctx context.Context, a adapter) (radio, error) {
			told, err := output(ctx, "/usr/sbin/system_profiler", "-json", "SPAirPortDataType")
			if err != nil {
				return radio{}, err
			}
			return parseAirport(told, a.id)
		},
		proxy: func(ctx context.Context) (proxying, error) {
			told, err := output(ctx, "/usr/sbin/scutil", "--proxy")
			if err != nil {
				return proxying{}, err
			}
			kind, err := parseScutil(string(told))
			if err != nil {
				return proxying{}, err
			}
			return withEnvironment(env, kind), nil
		},
		probes:   append([]probe{{method: methodICMP, ask: echo}}, portProbes()...),
		answered: func(context.Context, netip.Addr) (bool, error) { return false, errors.ErrUnsupported },
	}
}

// readRoutes reads the default routes in the kernel's table, in its order, which has the one in use first; those that
// are bound to one interface (as under a VPN) follow.
func readRoutes() ([]defaultRoute, error) {
	table, err := route.FetchRIB(syscall.AF_UNSPEC, route.RIBTypeRoute, 0)
	if err != nil {
		return nil, err
	}
	messages, err := route.ParseRIB(route.RIBTypeRoute, table)
	if err != nil {
		return nil, err
	}
	var routes []defaultRoute
	for _, m := range messages {
		one, ok := m.(*route.RouteMessage)
		if !ok || one.Flags&syscall.RTF_UP == 0 || one.Flags&syscall.RTF_REJECT != 0 || len(one.Addrs) <= syscall.RTAX_NETMASK {
			continue
		}
		if r, ok := everywhere(one.Addrs); ok {
			r.index, r.metric = one.Index, uint64(len(routes))
			routes = append(routes, r)
		}
	}
	return routes, nil
}

// everywhere is the route of these addresses, if it leads to all.
func everywhere(addrs []route.Addr) (defaultRoute, bool) {
	var r defaultRoute
	switch to := addrs[syscall.RTAX_DST].(type) {
	case *route.Inet4Addr:
		mask, ok := addrs[syscall.RTAX_NETMASK].(*route.Inet4Addr)
		if to.IP != [4]byte{} || ok && mask.IP != [4]byte{} {
			return r, false
		}
	case *route.Inet6Addr:
		mask, ok := addrs[syscall.RTAX_NETMASK].(*route.Inet6Addr)
		if to.IP != [16]byte{} || ok && mask.IP != [16]byte{} {
			return r, false
		}
	default:
		return r, false
	}
	switch hop := addrs[syscall.RTAX_GATEWAY].(type) {
	case *route.Inet4Addr:
		r.gateway = netip.AddrFrom4(hop.IP)
	case *route.Inet6Addr:
		r.gateway = netip.AddrFrom16(hop.IP)
	}
	return r, true
}
