// libzmq's functions, taken from the library that the service itself uses (bench/compile.ts says how), so that both sides of a
// comparison run the same code of libzmq.

#pragma once
#include "bench.h"

enum { zmqPull = 7, zmqPush = 8, zmqDontwait = 1, zmqSndmore = 2, zmqRcvmore = 13, zmqLinger = 17, zmqSndhwm = 23, zmqRcvhwm = 24, zmqRcvtimeo = 27 };

/** zmq_msg_t of zmq.h. */
typedef struct { _Alignas(8) unsigned char opaque[64]; } zmqMessage;

static struct {
  void *(*ctxNew)(void);
  int (*ctxTerm)(void *);
  void *(*socket)(void *, int);
  int (*close)(void *);
  int (*setsockopt)(void *, int, const void *, size_t);
  int (*getsockopt)(void *, int, void *, size_t *);
  int (*bind)(void *, const char *);
  int (*connect)(void *, const char *);
  int (*send)(void *, const void *, size_t, int);
  int (*recv)(void *, void *, size_t, int);
  int (*msgInit)(zmqMessage *);
  int (*msgInitData)(zmqMessage *, void *, size_t, void (*)(void *, void *), void *);
  int (*msgSend)(zmqMessage *, void *, int);
  int (*msgRecv)(zmqMessage *, void *, int);
  int (*msgClose)(zmqMessage *);
  size_t (*msgSize)(const zmqMessage *);
} zmq;

static inline void *symbol(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return found;
}

static inline void loadZmq(const char *path) {
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  zmq.ctxNew = symbol(library, "zmq_ctx_new");
  zmq.ctxTerm = symbol(library, "zmq_ctx_term");
  zmq.socket = symbol(library, "zmq_socket");
  zmq.close = symbol(library, "zmq_close");
  zmq.setsockopt = symbol(library, "zmq_setsockopt");
  zmq.getsockopt = symbol(library, "zmq_getsockopt");
  zmq.bind = symbol(library, "zmq_bind");
  zmq.connect = symbol(library, "zmq_connect");
  zmq.send = symbol(library, "zmq_send");
  zmq.recv = symbol(library, "zmq_recv");
  zmq.msgInit = symbol(library, "zmq_msg_init");
  zmq.msgInitData = symbol(library, "zmq_msg_init_data");
  zmq.msgSend = symbol(library, "zmq_msg_send");
  zmq.msgRecv = symbol(library, "zmq_msg_recv");
  zmq.msgClose = symbol(library, "zmq_msg_close");
  zmq.msgSize = symbol(library, "zmq_msg_size");
}

static inline void zmqOption(void *socket, int option, int value) {
  if (zmq.setsockopt(socket, option, &value, sizeof value) != 0) fail("zmq_setsockopt");
}

/** Has the message that is being received further parts? */
static inline int zmqMore(void *socket) {
  int more = 0;
  size_t length = sizeof more;
  if (zmq.getsockopt(socket, zmqRcvmore, &more, &length) != 0) fail("zmq_getsockopt");
  return more;
}
