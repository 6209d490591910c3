/** The users service: a web API whose users have images that another service owns. */
import { NoRouteError, RemoteLoader, RPCClient, RPCTimeoutError } from "bgtasks";
import fastify, { type FastifyInstance } from "fastify";

import { NewUserSerializer, UserSerializer } from "./serializers.ts";

interface User {
  readonly id: number;
  readonly name: string;
  readonly avatar: number | null;
}

const users: User[] = [
  { id: 1, name: "Tom", avatar: 1 },
  { id: 2, name: "Bob", avatar: 2 },
  { id: 3, name: "Ann", avatar: null },
];

export function buildApp(): FastifyInstance {
  const app = fastify();
  const client = new RPCClient(); // Connects with the first call.

  // On close, Fastify first stops listening and waits for its requests: the client leaves after them.
  app.addHook("onClose", () => client.close());

  // However many users there are, their images are one call.
  app.get("/users", () => UserSerializer.serialize(users, { client }));

  app.get<{ Params: { id: string } }>("/users/:id", async (request, reply) => {
    const user = users.find(({ id }) => id === Number(request.params.id));
    if (!user) return reply.code(404).send({ detail: "Not found." });
    return UserSerializer.serialize(user, { client });
  });

  app.post("/users", async (request, reply) => {
    // Asks whether the image exists; what it answers is remembered for this request, so this is the only call.
    const loader = new RemoteLoader({ client });
    const result = await NewUserSerializer.validate(request.body, { loader });
    if (!result.success) return reply.code(400).send(result.errors);
    const user = { id: users.length + 1, ...result.output };
    users.push(user);
    return reply.code(201).send(await UserSerializer.serialize(user, { loader }));
  });

  // That another service does not answer is neither the visitor's fault nor a bug.
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof RPCTimeoutError || error instanceof NoRouteError)
      return reply.code(503).send({ detail: "Try again in a moment." });
    return reply.send(error);
  });
  return app;
}
