// An independent QUIC (quic-go, with Go's own TLS) that speaks what plugins/quic-ngtcp2/README.md says of the wire.
//
//	quic_peer server|client PROTOCOL CHAIN KEY EXPECTED [PORT]
//
// PROTOCOL is its ALPN; CHAIN and KEY are its PEM files, EXPECTED the chain that the other must show. As server it says
// "listening PORT", takes every channel but "unwanted", and gives back what comes. As client it goes to PORT, asks for a
// channel of each kind and compares what comes back. Each step is one line; the last is "ended ...".
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lucas-clemente/quic-go"
	"github.com/lucas-clemente/quic-go/quicvarint"
)

const (
	kindStream   = 1
	kindDatagram = 2
	accepted     = 1
	declined     = 1 // the code of a reset
)

func must(err error) {
	if err != nil {
		fmt.Println("ended", err)
		os.Exit(1)
	}
}

func read(file string) []byte {
	content, err := os.ReadFile(file)
	must(err)
	return content
}

// Our certificate, and a look at the other's: the leaf has to be the one that is expected.
func security(protocol, chain, key, expected string) *tls.Config {
	ours, err := tls.X509KeyPair(read(chain), read(key))
	must(err)
	leaf, _ := pem.Decode(read(expected))
	return &tls.Config{
		Certificates:       []tls.Certificate{ours},
		NextProtos:         []string{protocol},
		MinVersion:         tls.VersionTLS13,
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // the chain ends at no authority; what follows decides
		VerifyPeerCertificate: func(shown [][]byte, _ [][]*x509.Certificate) error {
			if len(shown) == 0 || !bytes.Equal(shown[0], leaf.Bytes) {
				return errors.New("another certificate than was expected")
			}
			return nil
		},
	}
}

func flowOf(stream quic.StreamID) uint64 {
	return uint64(stream)/4*2 + uint64(stream)%2 + 1
}

func head(kind byte, name string) []byte {
	return append([]byte{kind, byte(len(name))}, name...)
}

// Gives back what comes on one channel, and its end.
func serve(connection quic.Connection, stream quic.Stream) {
	first := make([]byte, 2)
	_, err := io.ReadFull(stream, first)
	must(err)
	name := make([]byte, first[1])
	_, err = io.ReadFull(stream, name)
	must(err)
	fmt.Printf("asked %d %s flow %d\n", first[0], name, flowOf(stream.StreamID()))
	if string(name) == "unwanted" {
		stream.CancelRead(declined)
		stream.CancelWrite(declined)
		return
	}
	_, err = stream.Write([]byte{accepted})
	must(err)
	if first[0] == kindStream {
		io.Copy(stream, stream)
		stream.Close()
	}
}

func server(protocol string, config *tls.Config, transport *quic.Config) {
	listener, err := quic.ListenAddr("127.0.0.1:0", config, transport)
	must(err)
	address := listener.Addr().String()
	fmt.Println("listening", address[len("127.0.0.1:"):])
	connection, err := listener.Accept(context.Background())
	must(err)
	fmt.Println("secured", connection.ConnectionState().TLS.NegotiatedProtocol)
	go func() {
		for {
			datagram, err := connection.ReceiveMessage()
			if err != nil {
				return
			}
			connection.SendMessage(datagram)
		}
	}()
	for {
		stream, err := connection.AcceptStream(context.Background())
		must(err)
		go serve(connection, stream)
	}
}

func open(connection quic.Connection, kind byte, name string) (quic.Stream, error) {
	stream, err := connection.OpenStreamSync(context.Background())
	must(err)
	_, err = stream.Write(head(kind, name))
	must(err)
	answer := make([]byte, 1)
	_, err = io.ReadFull(stream, answer)
	if err == nil && answer[0] != accepted {
		err = fmt.Errorf("an answer of %d", answer[0])
	}
	return stream, err
}

func askForBytes(connection quic.Connection) {
	stream, err := open(connection, kindStream, "bytes")
	must(err)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 20000)
	go stream.Write(sent)
	got, err := io.ReadAll(io.LimitReader(stream, int64(len(sent))))
	must(err)
	must(stream.Close())
	fmt.Println("bytes", len(got), bytes.Equal(got, sent))
}

func askForDatagrams(connection quic.Connection) {
	stream, err := open(connection, kindDatagram, "datagrams")
	must(err)
	var flow bytes.Buffer
	quicvarint.Write(&flow, flowOf(stream.StreamID()))
	for i := 0; i < 20; i++ {
		sent := append(append([]byte{}, flow.Bytes()...), bytes.Repeat([]byte{byte(i)}, 50*(i+1))...)
		must(connection.SendMessage(sent))
		got, err := connection.ReceiveMessage()
		must(err)
		if !bytes.Equal(got, sent) {
			must(fmt.Errorf("datagram %d came back as another", i))
		}
	}
	fmt.Println("datagrams 20")
}

func client(port string, config *tls.Config, transport *quic.Config) {
	connection, err := quic.DialAddr("127.0.0.1:"+port, config, transport)
	must(err)
	fmt.Println("secured", connection.ConnectionState().TLS.NegotiatedProtocol)
	askForBytes(connection)
	askForDatagrams(connection)
	_, err = open(connection, kindStream, "unwanted")
	var reset *quic.StreamError
	if !errors.As(err, &reset) {
		must(fmt.Errorf("a channel that was declined says %v", err))
	}
	fmt.Println("declined", reset.ErrorCode)
	must(connection.CloseWithError(0, ""))
	fmt.Println("ended in order")
}

func main() {
	words := os.Args[1:]
	config := security(words[1], words[2], words[3], words[4])
	transport := &quic.Config{EnableDatagrams: true, HandshakeIdleTimeout: 20 * time.Second, DisablePathMTUDiscovery: true,
		Versions: []quic.VersionNumber{quic.Version1}}
	if words[0] == "server" {
		server(words[1], config, transport)
	}
	client(words[5], config, transport)
}
