package main

import (
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"google.golang.org/grpc/codes"
)

func TestExitCodes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer taken.Close()
	cases := []struct {
		name   string
		env    []string
		change func(*instance)
		code   int
		stderr string
	}{
		{"bad environment", []string{"POLICY_WORKLOAD", unset}, nil, exitUsage, "Invalid configuration: invalid environment variable\n"},
		{"no destination", []string{"DESTINATION_SVC_ADDR", unset, "DESTINATION_SVC_NAME", unset}, nil, exitUsage,
			"Invalid configuration: no destination service configured\n"},
		{"anchors without PEM", []string{"IDENTITY_TRUST_ANCHORS", "nonsense"}, nil, exitInit,
			"Initialization failure: no trust roots in PEM file\n"},
		{"anchors with bad PEM", []string{"IDENTITY_TRUST_ANCHORS", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"}, nil,
			exitInit, "Initialization failure: "},
		{"anchors with bad DER", []string{"IDENTITY_TRUST_ANCHORS", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, nil,
			exitInit, "no trust roots loaded"},
		{"no resolv.conf", nil, func(i *instance) { i.opts.resolvConf = "/nonexistent" }, exitPanicked, "system DNS config must be valid"},
		{"inbound taken", []string{"INBOUND_LISTEN_ADDR", taken.Addr().String()}, nil, exitPanicked, "Failed to bind inbound listener"},
		{"outbound taken", []string{"OUTBOUND_LISTEN_ADDR", taken.Addr().String()}, nil, exitPanicked, "Failed to bind outbound listener"},
		{"admin taken", []string{"ADMIN_LISTEN_ADDR", taken.Addr().String()}, nil, exitInit,
			"Initialization failure: Address already in use (os error 98)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			i := newInstance(t, newFakeAPI(t), newAuthority(t), c.env...)
			if c.change != nil {
				c.change(i)
			}
			if code := run(i.opts); code != c.code || !strings.Contains(i.stderr.String(), c.stderr) {
				t.Errorf("exit %d, stderr %q", code, i.stderr)
			}
			if first, _, _ := strings.Cut(i.stdout.String(), "\n"); !strings.Contains(first, "release 2.366.0 (stand-in) by linkerd on ") {
				t.Errorf("first line %q", first)
			}
		})
	}
}

func TestDirectHandshakeShowsIdentity(t *testing.T) {
	i, _, _ := certifiedInstance(t)
	i.goingTo(i.addr("Inbound"))
	conn := i.dialTLS(testName)
	check(t, conn.Handshake())
	state := conn.ConnectionState()
	if got := state.PeerCertificates[0].URIs[0].String(); got != testID || state.Version != tls.VersionTLS13 {
		t.Errorf("identity %s, version %x", got, state.Version)
	}
	wantClosed(t, conn) // mutual TLS is mandatory there

	wantClosed(t, i.dial("Inbound"))          // and so is TLS
	wantClosed(t, i.dialTLS("other.example")) // for our name
}

func TestDirectForwardsToHeaderPort(t *testing.T) {
	i, _, ca := certifiedInstance(t, "INBOUND_DEFAULT_POLICY", "all-authenticated")
	i.goingTo(i.addr("Inbound"))
	app := echo(t)
	_, port, _ := net.SplitHostPort(app)
	conn := i.dialTLS(testName, ca.podCert(t))
	_, err := io.WriteString(conn, "PORT "+port+"\n")
	check(t, err)
	wantEcho(t, conn)
	line := `inbound_tcp_open_total{target="` + app + `",tls="true",client_id="` + podID + `"} 1`
	if !i.hasMetricFor(ca.podCert(t), line) {
		t.Errorf("no %s", line)
	}
	bad := i.dialTLS(testName, ca.podCert(t))
	_, err = io.WriteString(bad, "GET / HTTP/1.1\n")
	check(t, err)
	wantClosed(t, bad)
	stranger := i.dialTLS(testName, newAuthority(t).clientCert(t, "spiffe://elsewhere/client"))
	_, _ = io.WriteString(stranger, "PORT "+port+"\n")
	wantClosed(t, stranger)
}

func TestRedirectedConnections(t *testing.T) {
	i, _, _ := certifiedInstance(t)
	app := echo(t)
	i.goingTo(app)
	wantEcho(t, i.dial("Inbound"))      // plain
	wantEcho(t, i.dialTLS(testName))    // terminated: the application sees plain text
	foreign := i.dialTLS("foreign.com") // passed through: the application is no TLS server
	if err := foreign.Handshake(); err == nil {
		t.Error("a foreign server name was terminated")
	}
	for _, line := range []string{
		`inbound_tcp_open_total{target="` + app + `",tls="false",client_id=""} 2`,
		`inbound_tcp_open_total{target="` + app + `",tls="true",client_id=""} 1`,
	} {
		if !i.hasMetric(line) {
			t.Errorf("no %s", line)
		}
	}
}

func TestHalfClose(t *testing.T) {
	i, _, _ := certifiedInstance(t)
	i.goingTo(echo(t))
	conn := i.dial("Inbound").(*net.TCPConn)
	_, err := io.WriteString(conn, "bye")
	check(t, err)
	check(t, conn.CloseWrite())
	if got, err := io.ReadAll(conn); err != nil || string(got) != "app:bye" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPolicyIsEnforced(t *testing.T) {
	i, _, ca := certifiedInstance(t, "INBOUND_DEFAULT_POLICY", "all-authenticated")
	i.goingTo(echo(t))
	plain := i.dial("Inbound")
	_, err := exchangeLine(plain, "hello")
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("want a reset, got %v", err)
	}
	wantClosed(t, i.dialTLS(testName))
	wantClosed(t, i.dialTLS(testName, ca.clientCert(t, "spiffe://root.linkerd.cluster.local/client")))
	wantEcho(t, i.dialTLS(testName, ca.podCert(t)))
}

func TestInboundRefusals(t *testing.T) {
	i, _, _ := certifiedInstance(t, "INBOUND_IPS", "127.0.0.1", "INBOUND_DETECT_TIMEOUT", "200ms")
	i.wantRefused()
	if !strings.Contains(i.stdout.String(), "Server failed to accept connection error=No such file or directory (os error 2)") {
		t.Error("no warning about SO_ORIGINAL_DST")
	}
	i.goingTo("192.0.2.1:80")
	i.wantRefused() // not one of INBOUND_IPS
	i.goingTo(echo(t))
	if _, err := i.dial("Inbound").Read(make([]byte, 1)); err == nil {
		t.Error("a silent client of a port with detection was served")
	}
}

func TestOpaquePortsSkipDetection(t *testing.T) {
	app := echo(t)
	_, port, _ := net.SplitHostPort(app)
	i, _, _ := certifiedInstance(t, "INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION", port)
	i.goingTo(app)
	hello := make([]byte, 4)
	if _, err := io.ReadFull(i.dial("Inbound"), hello); err != nil || string(hello) != "app:" {
		t.Errorf("server-first: %q, %v", hello, err)
	}
}

func TestOutbound(t *testing.T) {
	i, _, _ := certifiedInstance(t)
	app := echo(t)
	i.goingTo(app)
	wantEcho(t, i.dial("Outbound"))
	if !i.hasMetric(`outbound_tcp_open_total{target="` + app + `"} 1`) {
		t.Error("not counted")
	}
}

func TestOutboundWaitsForTheControlPlane(t *testing.T) {
	control := newFakeControl(t)
	i, _, _ := certifiedInstance(t, "POLICY_SVC_ADDR", control.addr)
	reached := func(count string) func() bool {
		return func() bool {
			return i.hasMetric(`control_policy_balancer_endpoints{endpoint_state="ready",addr="` + control.addr + `"} ` + count)
		}
	}
	known, unknown := echo(t), echo(t)
	i.goingTo(known)
	wantEcho(t, i.dial("Outbound"))
	control.stop()
	eventually(t, "loss", reached("0"))
	wantEcho(t, i.dial("Outbound"))
	i.goingTo(unknown)
	conn := i.dial("Outbound")
	check(t, conn.SetReadDeadline(time.Now().Add(shortPause)))
	if _, err := exchangeLine(conn, "hello"); !isTimeout(err) {
		t.Errorf("want silence, got %v", err)
	}
	control.start()
	check(t, conn.SetReadDeadline(time.Now().Add(patience)))
	got := make([]byte, len("app:hello\n"))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "app:hello\n" {
		t.Errorf("after the loss: %q, %v", got, err)
	}
}

func TestWhatIsNotInUseIsForgotten(t *testing.T) {
	d, dst, ctx := newDiscovery(0), netip.MustParseAddrPort("10.0.0.1:80"), t.Context()
	d.reach("destination", 1)
	d.reach("policy", 1)
	if !d.ask(ctx, dst) {
		t.Fatal("the control plane is there")
	}
	d.reach("policy", -1)
	if _, known := d.look(dst); !known {
		t.Error("in use, and not known")
	}
	d.done(dst)
	d.done(dst)
	if _, known := d.look(dst); known {
		t.Error("known for ever")
	}
	d.reach("policy", 1)
	d.reach("destination", -1)
	if _, known := d.look(dst); known {
		t.Error("both services have to be asked")
	}
}

func TestOutboundRefusesLoopback(t *testing.T) {
	ca, api := newAuthority(t), newFakeAPI(t).listen()
	api.give(ca.svid(t, testID, elliptic.P256()))
	i := newInstance(t, api, ca)
	i.opts.allowLoopback = false
	i.start().waitReady().goingTo(echo(t))
	wantClosed(t, i.dial("Outbound"))
}

func TestNothingIsAcceptedBeforeTheCertificate(t *testing.T) {
	ca, api := newAuthority(t), newFakeAPI(t).listen()
	i := newInstance(t, api, ca).start()
	i.goingTo(echo(t))
	early := i.dial("Inbound") // connects: the socket is bound
	_, err := io.WriteString(early, "early\n")
	check(t, err)
	time.Sleep(shortPause)
	if i.ready() != http.StatusServiceUnavailable || !i.hasMetric("control_identity_cert_expiration_timestamp_seconds 0.0") {
		t.Error("ready without a certificate")
	}
	if code, body := i.get("/live"); code != http.StatusOK || body != "live\n" {
		t.Errorf("/live: %d %q", code, body)
	}
	api.give(ca.svid(t, testID, elliptic.P256()))
	i.waitReady()
	got := make([]byte, len("app:early\n"))
	if _, err := io.ReadFull(early, got); err != nil || string(got) != "app:early\n" {
		t.Errorf("from the backlog: %q, %v", got, err)
	}
	log := i.stdout.String()
	for _, want := range []string{"Waiting for identity to be initialized...", "Certified identity id=" + testID} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in the log", want)
		}
	}
}

func TestMissingSocketPanics(t *testing.T) {
	ca, api := newAuthority(t), newFakeAPI(t)
	i := newInstance(t, api, ca).start().waitReady() // although nothing is served
	eventually(t, "panic", func() bool {
		return strings.Contains(i.stderr.String(), "thread 'admin' panicked at linkerd/proxy/spire-client/src/lib.rs:35:14:\n"+
			"spire client must gracefully handle errors: tonic::transport::Error(Transport, ConnectError(Os { code: 2, kind: NotFound, ")
	})
	api.listen() // too late
	api.give(ca.svid(t, testID, elliptic.P256()))
	time.Sleep(shortPause)
	if i.ready() != http.StatusOK || api.callCount() != 0 || !i.hasMetric("control_identity_cert_expiration_timestamp_seconds 0.0") {
		t.Error("the dead identity task came back")
	}
	for _, which := range []string{"Inbound", "Outbound"} {
		if _, err := net.Dial("tcp", i.addr(which)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: want a refused connection, got %v", which, err)
		}
	}
	if _, err := i.adminTLS(); err == nil {
		t.Error("a certificate is shown")
	}
	if strings.Count(i.stderr.String(), "identity sender must be held: RecvError(())") != 2 {
		t.Errorf("stderr %s", i.stderr)
	}
	i.signals <- syscall.SIGTERM
	if code := i.exitCode(); code != exitOK || strings.Contains(i.stdout.String(), "did not complete") {
		t.Errorf("exit %d", code)
	}
}

func TestStaleSocketPanics(t *testing.T) {
	api := newFakeAPI(t)
	listener, err := net.Listen("unix", api.path)
	check(t, err)
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
	i := newInstance(t, api, newAuthority(t)).start()
	eventually(t, "panic", func() bool { return strings.Contains(i.stderr.String(), "kind: ConnectionRefused") })
}

func TestWorkloadAPIErrorsAreRetried(t *testing.T) {
	ca, api := newAuthority(t), newFakeAPI(t).listen()
	api.fail(codes.PermissionDenied)
	api.fail(codes.Unavailable)
	i := newInstance(t, api, ca).start()
	eventually(t, "third call", func() bool { return api.callCount() >= 3 })
	want := "WARN ThreadId(02) identity:spire{server.addr=unix://" + api.path + "}: linkerd_proxy_spire_client::api: " +
		"Unexpected SPIRE Workload API response; retrying with a backoff grpc.status=The caller does not have permission " +
		`to execute the specified operation grpc.message="scripted"`
	if !strings.Contains(i.stdout.String(), want) {
		t.Errorf("no %q", want)
	}
	api.give(ca.svid(t, testID, elliptic.P256()))
	i.waitReady()
}

func TestAgentRestartIsSurvived(t *testing.T) {
	i, api, ca := certifiedInstance(t)
	api.server.Stop()
	eventually(t, "warning", func() bool { return strings.Contains(i.stdout.String(), "Unexpected SPIRE Workload API response") })
	_ = os.Remove(api.path)
	api.listen()
	api.give(ca.svid(t, testID, elliptic.P256()))
	eventually(t, "second certificate", func() bool { return i.hasMetric(`control_identity_cert_refreshes_total{result="ok"} 2`) })
}

func TestInvalidArgumentEndsTheWatch(t *testing.T) {
	i, api, ca := certifiedInstance(t)
	api.fail(codes.InvalidArgument)
	eventually(t, "end of the watch", func() bool { return strings.Contains(i.stdout.String(), "SVID watch closed") })
	api.give(ca.svid(t, testID, elliptic.P256()))
	time.Sleep(shortPause)
	if api.callCount() != 1 || i.ready() != http.StatusOK {
		t.Errorf("%d calls, ready %d", api.callCount(), i.ready())
	}
}

func TestInvalidArgumentAtFirstPanics(t *testing.T) {
	api := newFakeAPI(t).listen()
	api.fail(codes.InvalidArgument)
	i := newInstance(t, api, newAuthority(t)).start()
	eventually(t, "panic", func() bool { return strings.Contains(i.stderr.String(), "Status { code: InvalidArgument") })
}

func TestRotationIsLive(t *testing.T) {
	i, api, ca := certifiedInstance(t)
	i.goingTo(echo(t))
	serial := func() string {
		conn := i.dialTLS(testName)
		check(t, conn.Handshake())
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	old := i.dialTLS(testName)
	wantEcho(t, old)
	before := serial()
	api.give(ca.svid(t, "spiffe://root.linkerd.cluster.local/other", elliptic.P256()), ca.svid(t, testID, elliptic.P256()))
	eventually(t, "new certificate", func() bool { return serial() != before })
	if got, err := exchangeLine(old, "again"); err != nil || got != "again" {
		t.Errorf("the open connection broke: %q, %v", got, err)
	}
}

func TestUnusableSVIDs(t *testing.T) {
	ca, api := newAuthority(t), newFakeAPI(t).listen()
	i := newInstance(t, api, ca).start()
	refused := func(reason string) {
		t.Helper()
		eventually(t, reason, func() bool { return strings.Contains(i.stdout.String(), "Error processing SVID update error="+reason) })
		if i.ready() != http.StatusServiceUnavailable {
			t.Errorf("ready in spite of %s", reason)
		}
	}
	api.give(ca.svid(t, "spiffe://root.linkerd.cluster.local/other", elliptic.P256()))
	refused("no matching SVID found")
	api.give(newAuthority(t).svid(t, testID, elliptic.P256())) // brings a bundle of its own, which does not count
	refused("invalid peer certificate: UnknownIssuer")
	api.give(ca.svid(t, testID, elliptic.P384()))
	refused("invalid key: only ECDSA P-256 is supported")
	mislabelled := ca.svid(t, "spiffe://root.linkerd.cluster.local/other", elliptic.P256())
	mislabelled.SpiffeId = testID
	api.give(mislabelled)
	refused("certificate does not match TLS identity")
	if !i.hasMetric(`control_identity_cert_refreshes_total{result="error"} 3`) {
		t.Error("errors not counted")
	}
}

func TestDrain(t *testing.T) {
	i, _, _ := certifiedInstance(t)
	i.goingTo(echo(t))
	open := i.dial("Inbound")
	wantEcho(t, open)
	i.signals <- syscall.SIGTERM
	eventually(t, "closed listener", func() bool {
		conn, err := net.Dial("tcp", i.addr("Inbound"))
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	if got, err := exchangeLine(open, "still"); err != nil || got != "still" {
		t.Fatalf("drained connection: %q, %v", got, err)
	}
	select {
	case code := <-i.exit:
		t.Fatalf("exit %d with an open connection", code)
	case <-time.After(shortPause):
	}
	open.Close()
	if code := i.exitCode(); code != exitOK || strings.Contains(i.stdout.String(), "did not complete") {
		t.Errorf("exit %d", code)
	}
}

func TestDrainEndsWithGracePeriod(t *testing.T) {
	i, _, _ := certifiedInstance(t, "SHUTDOWN_GRACE_PERIOD", "300ms")
	i.goingTo(echo(t))
	wantEcho(t, i.dial("Inbound"))
	i.signals <- syscall.SIGINT
	if code := i.exitCode(); code != exitOK {
		t.Errorf("exit %d", code)
	}
	if !strings.Contains(i.stdout.String(), "Graceful shutdown did not complete in 300ms, terminating now") {
		t.Error("no warning")
	}
}

func TestShutdownBeforeTheCertificate(t *testing.T) {
	i := newInstance(t, newFakeAPI(t).listen(), newAuthority(t), "SHUTDOWN_GRACE_PERIOD", "500ms")
	i.start().signals <- syscall.SIGTERM
	if code := i.exitCode(); code != exitOK || !strings.Contains(i.stdout.String(), "did not complete in 500ms") {
		t.Errorf("exit %d, and not after the whole grace period", code)
	}
}

func TestAdminPaths(t *testing.T) {
	i, _, _ := certifiedInstance(t)
	code, body := i.get("/env.json")
	var env map[string]string
	check(t, json.Unmarshal([]byte(body), &env))
	if code != http.StatusOK || env["LINKERD2_PROXY_IDENTITY_SERVER_ID"] != testID {
		t.Errorf("%d %s", code, body)
	}
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/shutdown", http.StatusMethodNotAllowed}, {"POST", "/shutdown", http.StatusNotFound},
		{"POST", "/env.json", http.StatusMethodNotAllowed}, {"GET", "/nothing", http.StatusNotFound},
		{"GET", "/proxy-log-level", http.StatusOK},
	} {
		if code, _ := i.request(c.method, c.path); code != c.want {
			t.Errorf("%s %s: %d", c.method, c.path, code)
		}
	}
	for _, line := range []string{`proxy_build_info{date="` + buildDate + `",git_sha="stand-in",profile="release",vendor="linkerd",version="2.366.0"} 1`,
		`control_identity_cert_refreshes_total{result="ok"} 1`} {
		if !i.hasMetric(line) {
			t.Errorf("no %s", line)
		}
	}
}

func TestAdminShowsTheCertificateWhateverThePolicy(t *testing.T) {
	for mode, want := range map[string]int{"all-unauthenticated": 200, "all-authenticated": 403, "deny": 404} {
		ca, api := newAuthority(t), newFakeAPI(t).listen()
		i := newInstance(t, api, ca, "INBOUND_DEFAULT_POLICY", mode, "SHUTDOWN_GRACE_PERIOD", "0s").start()
		if _, err := i.adminTLS(); err == nil {
			t.Errorf("%s: TLS without a certificate", mode)
		}
		if mode != "all-unauthenticated" && i.ready() != want {
			t.Errorf("%s: /ready says %d without a certificate", mode, i.ready())
		}
		api.give(ca.svid(t, testID, elliptic.P256()))
		eventually(t, "certificate", func() bool { return strings.Contains(i.stdout.String(), "Certified identity id=") })
		response, err := i.adminTLS()
		check(t, err)
		response.Body.Close()
		if got := response.TLS.PeerCertificates[0].URIs[0].String(); got != testID || response.StatusCode != want {
			t.Errorf("%s: %s and %d", mode, got, response.StatusCode)
		}
	}
}

func TestAdminKnowsMeshedClients(t *testing.T) {
	i, _, ca := certifiedInstance(t, "INBOUND_DEFAULT_POLICY", "all-authenticated")
	for cert, want := range map[string]int{podID: 200, "spiffe://root.linkerd.cluster.local/prometheus": 403} {
		response, err := i.adminTLS(ca.clientCert(t, cert))
		check(t, err)
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %s", cert, response.Status)
		}
	}
}

func TestShutdownEndpoint(t *testing.T) {
	i, _, _ := certifiedInstance(t, "SHUTDOWN_ENDPOINT_ENABLED", "true")
	if code, _ := i.request(http.MethodPost, "/shutdown"); code != http.StatusOK {
		t.Errorf("%d", code)
	}
	if code := i.exitCode(); code != exitOK {
		t.Errorf("exit %d", code)
	}
}

func TestAdminObeysPolicy(t *testing.T) {
	remote, local := peer{addr: mustAddr("192.0.2.9")}, peer{addr: mustAddr("127.0.0.1")}
	for _, c := range []struct {
		mode string
		who  peer
		want int
	}{
		{"all-unauthenticated", remote, 200},
		{"deny", remote, 404}, {"deny", local, 404},
		{"all-authenticated", remote, 403}, {"all-authenticated", local, 403},
		{"cluster-unauthenticated", local, 403},
	} {
		p := &proxy{cfg: &config{defaultPolicy: policy{mode: c.mode}}}
		handler := p.authorize(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
		request := httptest.NewRequest(http.MethodGet, "/ready", nil)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request.WithContext(context.WithValue(request.Context(), peerKey{}, c.who)))
		if answer.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.mode, c.who.addr, answer.Code, c.want)
		}
	}
}

func TestControlPlaneConnections(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	i, _, _ := certifiedInstance(t, "POLICY_SVC_ADDR", listener.Addr().String(), "POLICY_SVC_NAME", "policy.example",
		"DESTINATION_SVC_ADDR", "127.0.0.1:1")
	addr := `,addr="` + listener.Addr().String() + `"}`
	connected := func() bool {
		return i.hasMetric(`control_policy_balancer_endpoints{endpoint_state="ready"`+addr+` 1`) &&
			i.hasMetric(`control_policy_balancer_endpoints{endpoint_state="pending"`+addr+` 0`)
	}
	eventually(t, "policy connection", connected)
	if !i.hasMetric(`control_destination_balancer_endpoints{endpoint_state="pending",addr="127.0.0.1:1"} 1`) {
		t.Error("the unreachable destination is not pending")
	}
	(<-accepted).Close()
	(<-accepted).SetDeadline(time.Time{}) // comes back
	eventually(t, "second policy connection", connected)
	listener.Close()
}

// nameserver answers from a zone, over UDP; "-" cuts the answer short so that TCP is needed.
func nameserver(t *testing.T, zone map[string]string) *resolver {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	host, port, _ := net.SplitHostPort(packets.LocalAddr().String())
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		reply := new(dns.Msg).SetReply(question)
		asked := question.Question[0]
		text, found := zone[asked.Name+" "+dns.TypeToString[asked.Qtype]]
		if !found {
			reply.Rcode = dns.RcodeNameError
		}
		for _, line := range strings.Split(text, "\n") {
			if record, err := dns.NewRR(line); err == nil && record != nil {
				reply.Answer = append(reply.Answer, record)
			}
		}
		_ = w.WriteMsg(reply)
	})
	server := &dns.Server{PacketConn: packets, Handler: answer}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	check(t, os.WriteFile(conf, []byte("nameserver "+host+"\nsearch example\n"), 0o600))
	r, err := newResolver(conf, "/dev/null", &config{})
	check(t, err)
	r.system.Port, r.stats = port, newMetrics(366, newest)
	return r
}

func TestResolution(t *testing.T) {
	r := nameserver(t, map[string]string{
		"pods.example. SRV": "pods.example. 30 IN SRV 0 0 9086 10-42-0-7.pods.example.\npods.example. 30 IN SRV 0 0 9086 fd00--1.pods.example.",
		"lb.example. SRV":   "lb.example. 30 IN SRV 0 0 9086 lb-1.example.", // no IP in the label: fall back
		"lb.example. A":     "lb.example. 1 IN A 192.0.2.5",
		"six.example. AAAA": "six.example. 60 IN AAAA 2001:db8::1",
	})
	r.hosts["static.example."] = []netip.Addr{mustAddr("192.0.2.99")}
	for _, c := range []struct {
		name, want string
		ttl        time.Duration
	}{
		{"pods.example.", "10.42.0.7:9086 [fd00::1]:9086", 30 * time.Second},
		{"lb.example.", "192.0.2.5:8086", minTTL},
		{"lb", "192.0.2.5:8086", minTTL}, // search list
		{"six.example.", "[2001:db8::1]:8086", time.Minute},
		{"static.example.", "192.0.2.99:8086", 24 * time.Hour},
	} {
		found, ttl, err := r.resolve(context.Background(), "destination", address{name: c.name, port: 8086})
		check(t, err)
		var texts []string
		for _, endpoint := range found {
			texts = append(texts, endpoint.String())
		}
		if got := strings.Join(texts, " "); got != c.want || ttl != c.ttl {
			t.Errorf("%s: %s for %s", c.name, got, ttl)
		}
	}
	_, _, err := r.resolve(context.Background(), "policy", address{name: "none.example.", port: 1})
	if err == nil || !strings.Contains(err.Error(), "failed SRV and A record lookups") {
		t.Error(err)
	}
}

func TestParseSNI(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	go func() { _ = tls.Client(client, &tls.Config{ServerName: testName}).Handshake() }()
	hello := make([]byte, maxClientHello)
	n, err := server.Read(hello)
	check(t, err)
	server.Close()
	for length := range n {
		if _, err := parseSNI(hello[:length]); err != errIncomplete {
			t.Fatalf("%d of %d bytes: %v", length, n, err)
		}
	}
	for _, trailing := range []string{"", "more"} {
		if name, err := parseSNI(append(hello[:n:n], trailing...)); err != nil || name != testName {
			t.Errorf("%q, %v", name, err)
		}
	}
	for _, text := range []string{"GET / HTTP/1.1\r\n", "SSH-2.0-x", "\x16\x02", "\x16\x03\x01\xff\xff", "\x16\x03\x01\x00\x04\x02\x00\x00\x00"} {
		if name, err := parseSNI([]byte(text)); err != nil || name != "" {
			t.Errorf("%q: %q, %v", text, name, err)
		}
	}
}
