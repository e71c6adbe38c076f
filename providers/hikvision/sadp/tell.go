package sadp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Why a command has no answer.
var (
	ErrUnsent     = errors.New("the message could not be sent")                           // nothing left
	ErrUnanswered = errors.New("no answer came, so the device may or may not have acted") // it was sent
)

// answerWithin is how long a device has for the answer to a command.
const answerWithin = 3 * time.Second

// Tell sends a command over one socket, once, and returns the answer of the device that is meant; others are only listened at.
// It closes the sockets. The error is ErrUnsent, or ErrUnanswered where it is uncertain whether the device obeyed.
func Tell(ctx context.Context, over Socket, others []Socket, c Command) (Answer, error) {
	waiting, stop := context.WithTimeout(ctx, answerWithin)
	defer stop()
	answers := make(chan Answer, 1)
	var listeners sync.WaitGroup
	sockets := append([]Socket{over}, others...)
	for _, s := range sockets {
		listeners.Go(func() { c.listen(s.Conn, answers) })
	}
	defer func() {
		for _, s := range sockets {
			_ = s.Conn.Close() // ends listen
		}
		listeners.Wait()
	}()
	if _, err := over.Conn.WriteTo(c.Packet, over.To); err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrUnsent, err)
	}
	select {
	case a := <-answers:
		return a, nil
	case <-waiting.Done():
		return Answer{}, errors.Join(ErrUnanswered, ctx.Err())
	}
}

// listen takes the first answer to a command from a connection, until that is closed.
func (c Command) listen(conn net.PacketConn, answers chan<- Answer) {
	packet := make([]byte, 64<<10)
	for failures := 0; failures < maxFailures; {
		n, _, err := conn.ReadFrom(packet)
		switch {
		case errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded):
			return
		case err != nil:
			failures++
			continue
		}
		if a, err := ParseAnswer(packet[:n]); err == nil && a.answers(c) {
			select {
			case answers <- a:
			default: // another socket was faster
			}
			return
		}
	}
}
