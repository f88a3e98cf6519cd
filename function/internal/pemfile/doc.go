// Package pemfile reads certificates and private keys in PEM. Its errors quote
// nothing of them.
package pemfile
