# syntax=docker/dockerfile:1
# DPS and IoT hubs in a container, for devices and their tests:
#
#   docker build -f deploy/docker/emulator.Dockerfile -t mayfly-emulator .
#   docker run --rm -p 127.0.0.1:7080:7080 -p 127.0.0.1:7443:7443 mayfly-emulator
#   curl -so ca.pem http://localhost:7080/ca.pem
#
# The console answers loopback Host names only, so publish it on loopback, as above. Other containers need no name for it:
# HTTPS_PROXY=http://mayfly-emulator:7080 leads them to Azure's names, and a shared volume hands them the CA
# (-v ca:/ca and the argument --ca-out=/ca/ca.pem, or --ca-dir=/ca to keep it).

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS=linux
ARG TARGETARCH=amd64
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w" -o /out/mayfly ./cmd/mayfly && \
    install -d -o 65532 -g 65532 /out/ca

FROM scratch
COPY --from=build /out/mayfly /mayfly
COPY --from=build --chown=65532:65532 /out/ca /ca
USER 65532:65532
EXPOSE 7080 7443
ENTRYPOINT ["/mayfly", "emulator", "--listen=:7443", "--console=:7080"]
