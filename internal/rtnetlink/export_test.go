// SPDX-License-Identifier: Apache-2.0

package rtnetlink

// Take reads datagrams as Do does for n messages, the first with that sequence number. It
// returns how many it counts as answers.
func Take(first uint32, n int, datagrams ...[]byte) (answers []Answer, count int) {
	answers = make([]Answer, n)
	for i := range answers {
		answers[i].Err = ErrUnanswered
	}
	for _, d := range datagrams {
		count += take(answers, first, d)
	}
	return answers, count
}

// Datagram returns the messages of r, numbered from first on.
func Datagram(r Request, first uint32) []byte {
	r.number(first)
	return r.buf
}
