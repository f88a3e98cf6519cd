# syntax=docker/dockerfile:1
# The emulator's image of a release: GoReleaser has built the binary, see .goreleaser.yaml.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS folder
RUN install -d -o 65532 -g 65532 /ca

FROM scratch
ARG TARGETPLATFORM
COPY $TARGETPLATFORM/mayfly /mayfly
COPY --from=folder --chown=65532:65532 /ca /ca
USER 65532:65532
EXPOSE 7080 7443
ENTRYPOINT ["/mayfly", "emulator", "--listen=:7443", "--console=:7080"]
