# qkc in a container: the database is mounted read-only at /data, reports go to /reports.
#   docker build -t qkc-replay --build-arg QKC_COMMIT=$(git describe --always --abbrev=40 --exclude='*' --dirty) .
#   docker run --rm -v /srv/mainnet:/data:ro -v "$PWD/reports:/reports" qkc-replay checkdb --db /data --report /reports/run
# QKC_COMMIT is what `qkc --version` says of the source, whose .git is not copied; NODE_IMAGE is for whoever has a mirror.
ARG NODE_IMAGE=docker.io/library/node:22-bookworm-slim

FROM $NODE_IMAGE AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
ARG QKC_COMMIT
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM $NODE_IMAGE
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
RUN ln -s /app/dist/replay/cli/main.js /usr/local/bin/qkc && chmod +x dist/replay/cli/main.js \
    && mkdir /reports && chown node:node /reports
# Reports are written to ./reports where --report does not say otherwise.
WORKDIR /
USER node
# 128 + SIGTERM would be a kill: the command stops in good order by itself, and leaves a checkpoint.
STOPSIGNAL SIGTERM
ENTRYPOINT ["qkc"]
CMD ["--help"]
