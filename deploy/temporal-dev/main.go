// Command temporal-dev is one binary with the official Temporal server, its web UI and SQLite, for tests, the demo and
// local work. It understands the `server start-dev` flags that the Temporal SDKs pass to a development server.
//
// Used by edition_migration/temporal/local_server.py, which builds it once a machine. Never for production.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

const clusterName = "active"

func newLogger(o options) log.Logger {
	if o.logLevel == "never" {
		return log.NewNoopLogger()
	}
	format := "console"
	if o.logFormat == "json" {
		format = "json"
	}
	return log.NewZapLogger(log.BuildZapLogger(log.Config{Level: o.logLevel, Format: format}))
}

// sqlStore describes the one SQLite database: a file, or memory that ends with the process.
func sqlStore(o options) *config.SQL {
	store := &config.SQL{PluginName: sqlite.PluginName, DatabaseName: o.databaseFile, ConnectAttributes: map[string]string{}}
	for pragma, value := range o.pragmas {
		store.ConnectAttributes[pragma] = value
	}
	if o.databaseFile != "" {
		store.ConnectAttributes["mode"] = "rwc"
		return store
	}
	store.DatabaseName = "temporal-dev"
	store.ConnectAttributes["mode"] = "memory"
	store.ConnectAttributes["cache"] = "shared"
	return store
}

// prepareStore makes the schema of a new file, and the namespace with its search attributes where it is missing.
// A namespace that a file has already keeps the attributes it has.
func prepareStore(o options, store *config.SQL) error {
	if o.databaseFile != "" {
		_, err := os.Stat(o.databaseFile)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err != nil {
			if err := sqliteschema.SetupSchema(store); err != nil {
				return fmt.Errorf("cannot make the database %s: %w", o.databaseFile, err)
			}
		}
	}
	attributes := map[string]enums.IndexedValueType{}
	for name, kind := range o.searchAttributes {
		value, err := enums.IndexedValueTypeFromString(kind)
		if err != nil {
			return fmt.Errorf("--search-attribute %s: %w", name, err)
		}
		attributes[name] = value
	}
	namespace, err := sqliteschema.NewNamespaceConfig(clusterName, o.namespace, false, attributes)
	if err != nil {
		return err
	}
	return sqliteschema.CreateNamespaces(store, namespace)
}

// dialHost is the address at which the server's own parts reach the frontend.
func dialHost(ip string) string {
	if parsed := net.ParseIP(ip); parsed != nil && parsed.IsUnspecified() {
		return loopback
	}
	return ip
}

// freePorts returns ports that nothing listens on now, all different.
func freePorts(count int) ([]int, error) {
	ports := make([]int, count)
	for i := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// layOut gives each of the four services its address. All run in this process and need no membership protocol.
func layOut(o options) (map[string]config.Service, map[primitives.ServiceName]static.Hosts, error) {
	inner, err := freePorts(4)
	if err != nil {
		return nil, nil, err
	}
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	place := func(name primitives.ServiceName, bind string, port int) {
		address := net.JoinHostPort(dialHost(bind), strconv.Itoa(port))
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: bind}}
		hosts[name] = static.Hosts{All: []string{address}, Self: address}
	}
	place(primitives.FrontendService, o.ip, o.port)
	frontend := services[string(primitives.FrontendService)]
	frontend.RPC.HTTPPort = inner[3]
	services[string(primitives.FrontendService)] = frontend
	place(primitives.HistoryService, loopback, inner[0])
	place(primitives.MatchingService, loopback, inner[1])
	place(primitives.WorkerService, loopback, inner[2])
	return services, hosts, nil
}

func serverConfig(o options, store *config.SQL, services map[string]config.Service) *config.Config {
	frontend := net.JoinHostPort(dialHost(o.ip), strconv.Itoa(o.port))
	return &config.Config{
		Services: services,
		Persistence: config.Persistence{
			DefaultStore:     sqlite.PluginName,
			VisibilityStore:  sqlite.PluginName,
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{sqlite.PluginName: {SQL: store}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		PublicClient:        config.PublicClient{HostPort: frontend},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
}

// dynamicValues reads the JSON values by the server's own loader, which checks the type of each key it knows. A key it
// does not know is only told: the SDK passes a few that newer servers have dropped.
func dynamicValues(o options, logger log.Logger) (dynamicconfig.StaticClient, error) {
	loader := &dynamicconfig.YamlLoader{}
	for key, value := range o.dynamicConfig {
		loader.LoadValue(dynamicconfig.MakeKey(key), []byte("- value: "+value))
	}
	for _, warning := range loader.Warnings {
		logger.Info("dynamic config: " + warning.Error())
	}
	values := dynamicconfig.StaticClient{}
	for key, value := range loader.Map {
		values[key] = value
	}
	return values, loader.Err()
}

func startUI(o options) *uiserver.Server {
	ui := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: net.JoinHostPort(dialHost(o.ip), strconv.Itoa(o.port)),
		Host:                o.uiIP,
		Port:                o.uiPort,
		EnableUI:            true,
		DefaultNamespace:    o.namespace,
		DisableNewsFetch:    true, // the page asks nobody but this process
		HideLogs:            true,
		Codec:               uiconfig.Codec{Endpoint: o.codecEndpoint},
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP on loopback
	}))
	go func() {
		if err := ui.Start(); err != nil {
			fmt.Fprintln(os.Stderr, "temporal-dev: the UI stopped:", err)
		}
	}()
	return ui
}

// run serves until SIGINT or SIGTERM.
func run(args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	logger := newLogger(o)
	store := sqlStore(o)
	if err := prepareStore(o, store); err != nil {
		return err
	}
	services, hosts, err := layOut(o)
	if err != nil {
		return err
	}
	values, err := dynamicValues(o, logger)
	if err != nil {
		return err
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig(o, store, services)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithDynamicConfigClient(values),
		temporal.InterruptOn(temporal.InterruptCh()),
	)
	if err != nil {
		return err
	}
	if !o.headless {
		defer startUI(o).Stop()
	}
	return server.Start()
}

func main() {
	err := run(os.Args[1:])
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "temporal-dev:", err)
	os.Exit(1)
}
