package path

import (
	"context"
	"errors"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func thisComputer(env func(string) string) computer {
	return computer{
		local: localAddress,
		cards: readCards,
		adapter: func(_ context.Context, one card) (adapter, error) {
			all, _, err := readAdapters()
			if err != nil {
				return adapter{}, err
			}
			for _, a := range all {
				if a.index == one.index {
					return a.adapter(), nil
				}
			}
			return adapter{}, because(codeLinkUntold)
		},
		routes: func(context.Context) ([]defaultRoute, error) {
			_, routes, err := readAdapters()
			return routes, err
		},
		radio: func(_ context.Context, a adapter) (radio, error) { return wlanRadio(a.id) },
		proxy: func(context.Context) (proxying, error) {
			return withEnvironment(env, readInternetSettings().kind()), nil
		},
		probes:   append([]probe{{method: methodICMP, ask: echo}}, portProbes()...),
		answered: func(context.Context, netip.Addr) (bool, error) { return false, errors.ErrUnsupported },
	}
}

// readAdapters asks for all interfaces that have an address, with their gateways, which are the default routes.
func readAdapters() ([]winAdapter, []defaultRoute, error) {
	const flags = windows.GAA_FLAG_INCLUDE_GATEWAYS | windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST | windows.GAA_FLAG_SKIP_DNS_SERVER
	size := uint32(15 << 10) // what Microsoft advises to begin with
	for range 4 {
		buffer := make([]uint64, (size+7)/8) // its records are aligned to 8 bytes
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buffer[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, flags, 0, first, &size)
		switch {
		case err == nil && size == 0, errors.Is(err, windows.ERROR_NO_DATA):
			return nil, nil, nil
		case err == nil:
			all, routes := listed(first)
			return all, routes, nil
		case !errors.Is(err, windows.ERROR_BUFFER_OVERFLOW) || size > 4*maxAnswer:
			return nil, nil, err
		}
	}
	return nil, nil, windows.ERROR_BUFFER_OVERFLOW
}

func listed(first *windows.IpAdapterAddresses) ([]winAdapter, []defaultRoute) {
	var all []winAdapter
	var routes []defaultRoute
	for a := first; a != nil; a = a.Next {
		index := a.IfIndex
		if index == 0 {
			index = a.Ipv6IfIndex
		}
		if a.OperStatus != windows.IfOperStatusUp {
			continue
		}
		one := winAdapter{
			index: int(index), guid: windows.BytePtrToString(a.AdapterName), name: windows.UTF16PtrToString(a.FriendlyName),
			description: windows.UTF16PtrToString(a.Description), ifType: a.IfType, rate: a.TransmitLinkSpeed,
		}
		one.askMedium(a.Luid)
		all = append(all, one)
		for g := a.FirstGatewayAddress; g != nil; g = g.Next {
			address, ok := netip.AddrFromSlice(g.Address.IP())
			if !ok || address.IsUnspecified() {
				continue
			}
			metric := a.Ipv4Metric
			if address = address.Unmap(); address.Is6() {
				metric = a.Ipv6Metric
			}
			routes = append(routes, defaultRoute{gateway: address, index: int(index), name: one.name, metric: uint64(metric)})
		}
	}
	return all, routes
}

// askMedium adds whether a device makes the interface, and for which medium.
func (w *winAdapter) askMedium(luid uint64) {
	const hardwareInterface = 1 // the first bit of InterfaceAndOperStatusFlags (netioapi.h)
	row := windows.MibIfRow2{InterfaceLuid: luid}
	if windows.GetIfEntry2Ex(windows.MibIfEntryNormalWithoutStatistics, &row) == nil { // Windows 10 1703 and later
		w.medium, w.hardware, w.asked = row.PhysicalMediumType, row.InterfaceAndOperStatusFlags&hardwareInterface != 0, true
	}
}

// readInternetSettings reads the hire's settings, or the computer's where a policy makes those count for everybody.
func readInternetSettings() internetSettings {
	const key = `Software\Microsoft\Windows\CurrentVersion\Internet Settings`
	root := registry.CURRENT_USER
	policy, err := registry.OpenKey(registry.LOCAL_MACHINE, `Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings`, registry.QUERY_VALUE)
	if err == nil {
		perUser, _, err := policy.GetIntegerValue("ProxySettingsPerUser")
		if err == nil && perUser == 0 {
			root = registry.LOCAL_MACHINE
		}
		policy.Close()
	}
	settings, err := registry.OpenKey(root, key, registry.QUERY_VALUE)
	if err != nil {
		return internetSettings{} // Windows takes no key for no proxy
	}
	defer settings.Close()
	enabled, _, _ := settings.GetIntegerValue("ProxyEnable") // what is not there is not set
	server, _, _ := settings.GetStringValue("ProxyServer")
	script, _, _ := settings.GetStringValue("AutoConfigURL")
	return internetSettings{enabled: enabled != 0, server: server, script: script}
}
