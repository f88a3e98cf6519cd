# syntax=docker/dockerfile:1
# The image of a release: GoReleaser has built the binary, see .goreleaser.yaml.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS certificates

FROM scratch
ARG TARGETPLATFORM
COPY --from=certificates /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY $TARGETPLATFORM/bootstrap /bootstrap
USER 65532:65532
ENV PORT=8080
EXPOSE 8080
ENTRYPOINT ["/bootstrap"]
