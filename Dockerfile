# One small image for every service: the sources as they are, run by Node. Compose names the entry of each.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/ libs/
COPY services/ services/
COPY apps/ apps/
# Production packages only; nothing that is needed has an install script.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 HEALTH_PORT=9090
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY libs/ libs/
COPY services/ services/
COPY apps/ apps/
COPY proto/ proto/
# Files go to data/ or data-sim/ below the working directory, as outside of containers: real and simulated ticks never meet.
RUN mkdir /data && chown node:node /data
WORKDIR /data
VOLUME /data
USER node
CMD ["node", "/app/services/query-api/src/main.ts"]
