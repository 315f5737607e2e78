package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	testID     = "spiffe://root.linkerd.cluster.local/vm"
	testName   = "vm.cluster.local"
	podID      = "client.ns.serviceaccount.identity.linkerd.cluster.local"
	patience   = 20 * time.Second
	shortPause = 400 * time.Millisecond // long enough to see that nothing happens
)

func mustAddr(text string) netip.Addr { return netip.MustParseAddr(text) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not within %s: %s", patience, what)
}

// authority is a root with an intermediate, as SPIRE under Linkerd's trust anchor.
type authority struct {
	root, issuing *x509.Certificate
	rootKey, key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{rootKey: newKey(t, elliptic.P256()), key: newKey(t, elliptic.P256())}
	root := caTemplate("root.linkerd.cluster.local")
	a.root = sign(t, root, root, &a.rootKey.PublicKey, a.rootKey)
	a.issuing = sign(t, caTemplate("SPIRE"), a.root, &a.key.PublicKey, a.rootKey)
	return a
}

func caTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	check(t, err)
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	check(t, err)
	template.SerialNumber, template.NotBefore = serial, time.Now().Add(-time.Minute)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	return cert
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}))
}

// leaf: a SPIFFE ID is a URI, the identity of a pod a name.
func (a *authority) leaf(t *testing.T, id string, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if strings.Contains(id, "://") {
		uri, err := url.Parse(id)
		check(t, err)
		template.URIs = []*url.URL{uri}
	} else {
		template.DNSNames = []string{id}
	}
	return sign(t, template, a.issuing, &key.PublicKey, a.key)
}

// svid is what a Workload API update carries for one identity.
func (a *authority) svid(t *testing.T, id string, curve elliptic.Curve) *workload.X509SVID {
	t.Helper()
	key := newKey(t, curve)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	return &workload.X509SVID{
		SpiffeId: id, X509Svid: append(a.leaf(t, id, key).Raw, a.issuing.Raw...), X509SvidKey: pkcs8, Bundle: a.root.Raw,
	}
}

func (a *authority) clientCert(t *testing.T, id string) tls.Certificate {
	t.Helper()
	key := newKey(t, elliptic.P256())
	return tls.Certificate{Certificate: [][]byte{a.leaf(t, id, key).Raw, a.issuing.Raw}, PrivateKey: key}
}

func (a *authority) podCert(t *testing.T) tls.Certificate {
	t.Helper()
	return a.clientCert(t, podID)
}

// fakeControl is what the stand-in sees of a control plane: a port that keeps connections open.
type fakeControl struct {
	t        *testing.T
	addr     string
	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

func newFakeControl(t *testing.T) *fakeControl {
	t.Helper()
	c := &fakeControl{t: t, addr: "127.0.0.1:0"}
	c.start()
	t.Cleanup(c.stop)
	return c
}

func (c *fakeControl) start() {
	c.t.Helper()
	listener, err := net.Listen("tcp", c.addr)
	check(c.t, err)
	c.listener, c.addr = listener, listener.Addr().String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.mu.Lock()
			c.conns = append(c.conns, conn)
			c.mu.Unlock()
		}
	}()
}

func (c *fakeControl) stop() {
	c.listener.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

// fakeAPI is a Workload API server on a unix socket. It answers calls from a script, then waits.
type fakeAPI struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	t       *testing.T
	path    string
	server  *grpc.Server
	answers chan any // *workload.X509SVIDResponse or an error, which ends the call
	mu      sync.Mutex
	calls   int
}

func newFakeAPI(t *testing.T) *fakeAPI {
	t.Helper()
	dir, err := os.MkdirTemp("", "api") // shorter than t.TempDir: socket paths are limited
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &fakeAPI{t: t, path: filepath.Join(dir, "api.sock"), answers: make(chan any, 100)}
}

func (f *fakeAPI) listen() *fakeAPI {
	f.t.Helper()
	listener, err := net.Listen("unix", f.path)
	check(f.t, err)
	f.server = grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(f.server, f)
	go func() { _ = f.server.Serve(listener) }()
	f.t.Cleanup(f.server.Stop)
	return f
}

func (f *fakeAPI) give(svids ...*workload.X509SVID) {
	f.answers <- &workload.X509SVIDResponse{Svids: svids}
}
func (f *fakeAPI) fail(code codes.Code) { f.answers <- status.Error(code, "scripted") }

func (f *fakeAPI) callCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *fakeAPI) FetchX509SVID(_ *workload.X509SVIDRequest, out grpc.ServerStreamingServer[workload.X509SVIDResponse]) error {
	f.mu.Lock()
	f.calls++
	f.mu.Unlock()
	if header, _ := metadata.FromIncomingContext(out.Context()); len(header.Get("workload.spiffe.io")) != 1 {
		return status.Error(codes.InvalidArgument, "security header missing from request")
	}
	for {
		select {
		case <-out.Context().Done():
			return nil
		case answer := <-f.answers:
			if err, failed := answer.(error); failed {
				return err
			}
			if err := out.Send(answer.(*workload.X509SVIDResponse)); err != nil {
				return err
			}
		}
	}
}

// syncBuffer collects output of many goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// instance is a stand-in that runs inside the test.
type instance struct {
	t              *testing.T
	opts           options
	stdout, stderr *syncBuffer
	signals        chan os.Signal
	exit           chan int
	mu             sync.Mutex
	dst            netip.AddrPort // where the next connections "were going"
}

func newInstance(t *testing.T, api *fakeAPI, ca *authority, env ...string) *instance {
	t.Helper()
	control := newFakeControl(t).addr
	resolvConf := filepath.Join(t.TempDir(), "resolv.conf")
	check(t, os.WriteFile(resolvConf, []byte("nameserver 127.0.0.1\n"), 0o600))
	i := &instance{t: t, stdout: &syncBuffer{}, stderr: &syncBuffer{}, signals: make(chan os.Signal, 1), exit: make(chan int, 1)}
	base := with(goodEnv(),
		"INBOUND_LISTEN_ADDR", "127.0.0.1:0", "OUTBOUND_LISTEN_ADDR", "127.0.0.1:0", "ADMIN_LISTEN_ADDR", "127.0.0.1:0",
		"DESTINATION_SVC_ADDR", control, "POLICY_SVC_ADDR", control,
		"IDENTITY_SERVER_ID", testID, "IDENTITY_SERVER_NAME", testName, "SHUTDOWN_GRACE_PERIOD", "30s",
		"IDENTITY_SPIRE_SOCKET", unset, "IDENTITY_SPIRE_WORKLOAD_API_ADDRESS", "unix://"+api.path,
		"IDENTITY_TRUST_ANCHORS", ca.pem())
	i.opts = options{
		env: with(base, env...), version: newest, stdout: i.stdout, stderr: i.stderr, signals: i.signals,
		resolvConf: resolvConf, hosts: "/dev/null", allowLoopback: true, warnIdentity: 50 * time.Millisecond,
		known:   time.Hour,
		origDst: func(conn *net.TCPConn) (netip.AddrPort, error) { return i.originalDst(conn) },
	}
	return i
}

func (i *instance) originalDst(conn *net.TCPConn) (netip.AddrPort, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.dst.IsValid() {
		return netip.AddrPort{}, syscall.ENOENT
	}
	return i.dst, nil
}

func (i *instance) goingTo(addr string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.dst = netip.MustParseAddrPort(addr)
}

// start runs the stand-in until it listens, and ends it with the test.
func (i *instance) start() *instance {
	i.t.Helper()
	go func() { i.exit <- run(i.opts) }()
	eventually(i.t, "start", func() bool { return strings.Contains(i.stdout.String(), "Destinations resolved via") })
	i.t.Cleanup(func() {
		i.signals <- syscall.SIGTERM
		if i.t.Failed() {
			i.t.Logf("stdout:\n%s\nstderr:\n%s", i.stdout, i.stderr)
		}
	})
	return i
}

func (i *instance) addr(which string) string {
	i.t.Helper()
	match := regexp.MustCompile(which + ` interface on (\S+)`).FindStringSubmatch(i.stdout.String())
	if match == nil {
		i.t.Fatalf("no %s interface in the log:\n%s", which, i.stdout)
	}
	return match[1]
}

func (i *instance) get(path string) (int, string) { return i.request(http.MethodGet, path) }

func (i *instance) request(method, path string) (int, string) {
	i.t.Helper()
	request, err := http.NewRequest(method, "http://"+i.addr("Admin")+path, nil)
	check(i.t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	check(i.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(i.t, err)
	return response.StatusCode, string(body)
}

func (i *instance) ready() int {
	code, _ := i.get("/ready")
	return code
}

func (i *instance) waitReady() *instance {
	i.t.Helper()
	eventually(i.t, "/ready", func() bool { return i.ready() == http.StatusOK })
	return i
}

// adminTLS asks for /metrics as a meshed client does.
func (i *instance) adminTLS(certs ...tls.Certificate) (*http.Response, error) {
	i.t.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		// As curl does, it offers protocols, of which the proxy takes none.
		TLSClientConfig: &tls.Config{
			ServerName: testName, InsecureSkipVerify: true, Certificates: certs, NextProtos: []string{"http/1.1"},
		},
	}, Timeout: patience}
	return client.Get("https://" + i.addr("Admin") + "/metrics")
}

func (i *instance) hasMetricFor(cert tls.Certificate, line string) bool {
	i.t.Helper()
	response, err := i.adminTLS(cert)
	check(i.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(i.t, err)
	return strings.Contains(string(body), line+"\n")
}

func (i *instance) hasMetric(line string) bool {
	_, body := i.get("/metrics")
	return strings.Contains(body, line+"\n")
}

func (i *instance) dial(which string) net.Conn {
	i.t.Helper()
	conn, err := net.Dial("tcp", i.addr(which))
	check(i.t, err)
	check(i.t, conn.SetDeadline(time.Now().Add(patience)))
	i.t.Cleanup(func() { conn.Close() })
	return conn
}

// wantRefused: the reset may come so soon that it is the dial that fails.
func (i *instance) wantRefused() {
	i.t.Helper()
	conn, err := net.Dial("tcp", i.addr("Inbound"))
	if err != nil {
		if !errors.Is(err, syscall.ECONNRESET) {
			i.t.Fatal(err)
		}
		return
	}
	defer conn.Close()
	check(i.t, conn.SetDeadline(time.Now().Add(patience)))
	wantClosed(i.t, conn)
}

func (i *instance) dialTLS(name string, certs ...tls.Certificate) *tls.Conn {
	i.t.Helper()
	return tls.Client(i.dial("Inbound"), &tls.Config{ServerName: name, InsecureSkipVerify: true, Certificates: certs})
}

func (i *instance) exitCode() int {
	i.t.Helper()
	select {
	case code := <-i.exit:
		return code
	case <-time.After(patience):
		i.t.Fatalf("still running:\n%s", i.stdout)
		return -1
	}
}

// echo is an application that sends back what it gets, with a prefix.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Write([]byte("app:"))
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// exchangeLine sends a line and returns the answer up to the line's end.
func exchangeLine(conn net.Conn, line string) (string, error) {
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return "", err
	}
	var got []byte
	for one := make([]byte, 1); ; got = append(got, one[0]) {
		if _, err := conn.Read(one); err != nil {
			return string(got), err
		}
		if one[0] == '\n' {
			return string(got), nil
		}
	}
}

func wantEcho(t *testing.T, conn net.Conn) {
	t.Helper()
	if got, err := exchangeLine(conn, "hello"); err != nil || got != "app:hello" {
		t.Fatalf("got %q, %v", got, err)
	}
}

func wantClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	if got, err := exchangeLine(conn, "hello"); err == nil || got != "" {
		t.Fatalf("got %q, %v; want a closed connection", got, err)
	}
}

// certifiedInstance is a stand-in that has its certificate.
func certifiedInstance(t *testing.T, env ...string) (*instance, *fakeAPI, *authority) {
	t.Helper()
	ca, api := newAuthority(t), newFakeAPI(t).listen()
	api.give(ca.svid(t, testID, elliptic.P256()))
	i := newInstance(t, api, ca, env...).start()
	// Not /ready, which a policy may hide.
	eventually(t, "certificate", func() bool { return strings.Contains(i.stdout.String(), "Certified identity id=") })
	return i, api, ca
}
