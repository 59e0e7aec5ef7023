package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

const (
	loopback     = "127.0.0.1"
	uiPortOffset = 1000 // without --ui-port the UI listens on the frontend's port plus this
)

// pairs collects a flag that may be given several times as KEY=VALUE.
type pairs map[string]string

func (p pairs) String() string { return "" }

func (p pairs) Set(text string) error {
	key, value, found := strings.Cut(text, "=")
	if !found || key == "" {
		return fmt.Errorf("%q is not KEY=VALUE", text)
	}
	p[key] = value
	return nil
}

type options struct {
	ip, uiIP, namespace, databaseFile, logLevel, logFormat, codecEndpoint string
	port, uiPort                                                          int
	headless                                                              bool
	searchAttributes, dynamicConfig, pragmas                              pairs
}

func parseOptions(args []string) (options, error) {
	o := options{searchAttributes: pairs{}, dynamicConfig: pairs{}, pragmas: pairs{}}
	if len(args) < 2 || args[0] != "server" || args[1] != "start-dev" {
		return o, errors.New("usage: temporal-dev server start-dev [flags]; --help lists the flags")
	}
	flags := flag.NewFlagSet("temporal-dev server start-dev", flag.ContinueOnError)
	flags.StringVar(&o.ip, "ip", loopback, "address the frontend listens on")
	flags.IntVar(&o.port, "port", 7233, "port the frontend listens on")
	flags.StringVar(&o.uiIP, "ui-ip", "", "address the UI listens on (default: that of --ip)")
	flags.IntVar(&o.uiPort, "ui-port", 0, "port the UI listens on (default: --port plus 1000)")
	flags.BoolVar(&o.headless, "headless", false, "start without the UI")
	flags.StringVar(&o.namespace, "namespace", "default", "namespace that exists from the start")
	flags.StringVar(&o.databaseFile, "db-filename", "", "SQLite file that keeps the state (default: memory)")
	flags.StringVar(&o.logLevel, "log-level", "warn", "debug, info, warn, error or never")
	flags.StringVar(&o.logFormat, "log-format", "pretty", "pretty, text or json")
	flags.StringVar(&o.codecEndpoint, "ui-codec-endpoint", "", "codec server that the UI asks to decode payloads")
	flags.Var(o.searchAttributes, "search-attribute", "NAME=TYPE of the namespace, repeatable")
	flags.Var(o.dynamicConfig, "dynamic-config-value", "KEY=JSON, repeatable")
	flags.Var(o.pragmas, "sqlite-pragma", "PRAGMA=VALUE, repeatable")
	if err := flags.Parse(args[2:]); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.uiIP == "" {
		o.uiIP = o.ip
	}
	if o.uiPort == 0 {
		o.uiPort = o.port + uiPortOffset
	}
	return o, nil
}
