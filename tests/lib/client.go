// One request by Go's net/http: client URL [SECRET]; prints the status that it was told.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	method, body := "GET", ""
	if len(os.Args) > 2 && os.Args[2] != "" {
		method, body = "POST", "a secret: "+os.Args[2]
	}
	request, err := http.NewRequest(method, os.Args[1], strings.NewReader(body))
	if err == nil {
		var answer *http.Response
		answer, err = http.DefaultClient.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
		}
		if err == nil {
			fmt.Println(answer.StatusCode)
			return
		}
	}
	fmt.Println(err)
	os.Exit(1)
}
