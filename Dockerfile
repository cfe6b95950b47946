# qkc in a container: the database is mounted read-only at /data, reports go to /reports.
#   docker build -t qkc-replay .
#   docker run --rm -v /srv/mainnet:/data:ro -v "$PWD/reports:/reports" qkc-replay checkdb --db /data --report /reports/run
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
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
