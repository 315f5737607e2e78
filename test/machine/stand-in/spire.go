package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// identityTask is the SPIRE Workload API client (linkerd.md §3.4).
type identityTask struct {
	id      *identity
	cfg     *config
	log     *logger
	updated bool // at least one update has arrived
}

var errNoMatchingSVID = errors.New("no matching SVID found")

var spireBackoff = backoff{min: 100 * time.Millisecond, max: time.Second, jitter: 0.1}

// run connects once and panics if that fails; after that it watches and retries.
func (t *identityTask) run(ctx context.Context) {
	path := strings.TrimPrefix(t.cfg.workloadAPI, "unix:")
	first, err := net.Dial("unix", path)
	if err != nil {
		t.panic("tonic::transport::Error(Transport, ConnectError(" + rustDebugError(err) + "))")
		return
	}
	client, err := t.newClient(path, first)
	if err != nil {
		t.panic(err.Error())
		return
	}
	defer client.Close()
	t.watch(ctx, workload.NewSpiffeWorkloadAPIClient(client))
}

// panic is the death of the task alone: the process stays up without an identity, for ever (§3.4). Both tasks
// that wait for the certificate panic in turn. One of them held the latch of /ready, which is thereby released:
// it says 200 from then on. The other one would have started the accept loops; its listeners go with it.
func (t *identityTask) panic(reason string) {
	t.log.panicLine("admin", "linkerd/proxy/spire-client/src/lib.rs:35:14",
		"spire client must gracefully handle errors: "+reason)
	for _, thread := range []string{"admin", "main"} {
		t.log.panicLine(thread, "linkerd/app/src/identity.rs:164:40", "identity sender must be held: RecvError(())")
	}
	close(t.id.abandoned)
}

// newClient uses the connection that is already open, and opens others when that one breaks.
func (t *identityTask) newClient(path string, first net.Conn) (*grpc.ClientConn, error) {
	var spare atomic.Pointer[net.Conn]
	spare.Store(&first)
	dial := func(ctx context.Context, _ string) (net.Conn, error) {
		if conn := spare.Swap(nil); conn != nil {
			return *conn, nil
		}
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	reconnect := grpc.ConnectParams{MinConnectTimeout: time.Second}
	reconnect.Backoff.BaseDelay, reconnect.Backoff.MaxDelay = spireBackoff.min, spireBackoff.max
	reconnect.Backoff.Multiplier = 2
	return grpc.NewClient("passthrough:///spire", grpc.WithContextDialer(dial),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(reconnect))
}

// watch retries every status but InvalidArgument.
func (t *identityTask) watch(ctx context.Context, api workload.SpiffeWorkloadAPIClient) {
	ctx = metadata.AppendToOutgoingContext(ctx, "workload.spiffe.io", "true")
	wait := spireBackoff.start()
	for ctx.Err() == nil {
		err := t.stream(ctx, api, wait)
		if status.Code(err) == codes.InvalidArgument {
			t.endWatch(err)
			return
		}
		if ctx.Err() == nil {
			t.log.write("WARN", threadAdmin, t.span("linkerd_proxy_spire_client::api"),
				fmt.Sprintf("Unexpected SPIRE Workload API response; retrying with a backoff grpc.status=%s grpc.message=%q",
					statusText(status.Code(err)), status.Convert(err).Message()))
			wait.sleep(ctx)
		}
	}
}

// endWatch: the first call must succeed, so there InvalidArgument is one more panic.
func (t *identityTask) endWatch(err error) {
	if !t.updated {
		t.panic(fmt.Sprintf("Status { code: InvalidArgument, message: %q }", status.Convert(err).Message()))
		return
	}
	t.log.write("INFO", threadAdmin, t.span("linkerd_proxy_spire_client"), "SVID watch closed; terminating")
}

func (t *identityTask) stream(ctx context.Context, api workload.SpiffeWorkloadAPIClient, wait *backoffState) error {
	updates, err := api.FetchX509SVID(ctx, &workload.X509SVIDRequest{})
	if err != nil {
		return err
	}
	for {
		update, err := updates.Recv()
		if err != nil {
			return err
		}
		t.updated = true
		wait.reset()
		t.process(update)
	}
}

func (t *identityTask) process(update *workload.X509SVIDResponse) {
	before := t.id.isSettled()
	err := errNoMatchingSVID
	for _, entry := range update.GetSvids() {
		if entry.GetSpiffeId() == t.id.serverID { // all others are ignored
			err = t.id.install(svid{id: entry.GetSpiffeId(), der: entry.GetX509Svid(), key: entry.GetX509SvidKey()})
		}
	}
	if err != nil {
		t.log.write("ERROR", threadAdmin, t.span("linkerd_proxy_spire_client"), "Error processing SVID update error="+err.Error())
		return
	}
	if !before {
		t.log.write("INFO", threadAdmin, "daemon:identity: linkerd_app", "Certified identity id="+t.id.serverID)
	}
}

func (t *identityTask) span(target string) string {
	return "identity:spire{server.addr=" + t.cfg.workloadAPI + "}: " + target
}

// statusText: the gRPC library of the real proxy logs descriptions, not names.
func statusText(code codes.Code) string {
	text, known := map[codes.Code]string{
		codes.Canceled:           "The operation was cancelled",
		codes.Unknown:            "Unknown error",
		codes.DeadlineExceeded:   "Deadline expired before operation could complete",
		codes.NotFound:           "Some requested entity was not found",
		codes.PermissionDenied:   "The caller does not have permission to execute the specified operation",
		codes.ResourceExhausted:  "Some resource has been exhausted",
		codes.FailedPrecondition: "The system is not in a state required for the operation's execution",
		codes.Unimplemented:      "Operation is not implemented or not supported",
		codes.Internal:           "Internal error",
		codes.Unavailable:        "The service is currently unavailable",
		codes.Unauthenticated:    "The request does not have valid authentication credentials",
	}[code]
	if !known {
		return code.String()
	}
	return text
}
