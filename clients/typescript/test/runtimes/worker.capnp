using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
  bindings = [
    (name = "GATEWAYZ_URL", fromEnvironment = "GATEWAYZ_URL"),
    (name = "GATEWAYZ_API_KEY", fromEnvironment = "GATEWAYZ_API_KEY"),
  ],
);
