;; A filter of HDF5 under the number of bitshuffle (32008), for writing only: what it is given is not pixels but where in
;; memory a chunk lies that is compressed already, how long it is, and a mark; the chunk becomes the result. What has no
;; mark is refused. So the library writes chunks as they were sent, with its own index, which h5wasm cannot be asked for
;; (H5Dwrite_chunk).
;; A plugin as H5PLextern.h has it: H5Z_class2_t, and the signature of H5Z_func_t. Compiled by scripts/build-kernel.mjs.
;; Tested by test/simulators/files/direct-chunks.test.ts.
(module
  (import "env" "memory" (memory 1 65536))
  (import "env" "__indirect_function_table" (table 1 funcref))
  (import "env" "__memory_base" (global $base i32))
  (import "env" "__table_base" (global $table i32))
  (import "env" "malloc" (func $malloc (param i32) (result i32)))
  (import "env" "free" (func $free (param i32)))
  (elem (global.get $table) func $filter)
  ;; The name that the file keeps is that of the filter which reads it; 64 bytes, the class is behind it.
  (data (global.get $base) "bitshuffle; see https://github.com/kiyo-masui/bitshuffle\00")

  ;; 0 = it has failed. Reading (flag 0x100) does.
  (func $filter
    (param $flags i32) (param $values i32) (param $value i32) (param $bytes i32) (param $size i32) (param $buffer i32)
    (result i32)
    (local $given i32)
    (local $length i32)
    (local $chunk i32)
    (if (i32.and (local.get $flags) (i32.const 0x100)) (then (return (i32.const 0))))
    (local.set $given (i32.load (local.get $buffer)))
    (if (i32.lt_u (local.get $bytes) (i32.const 16)) (then (return (i32.const 0))))
    ;; The mark, as direct-chunks.ts has it.
    (if (i64.ne (i64.load offset=8 (local.get $given)) (i64.const 0x7369207469207361))
      (then (return (i32.const 0))))
    (local.set $length (i32.load offset=4 (local.get $given)))
    (local.set $chunk (call $malloc (local.get $length)))
    (if (i32.eqz (local.get $chunk)) (then (return (i32.const 0))))
    (memory.copy (local.get $chunk) (i32.load (local.get $given)) (local.get $length))
    (call $free (local.get $given))
    (i32.store (local.get $buffer) (local.get $chunk))
    (i32.store (local.get $size) (local.get $length))
    (local.get $length))

  ;; H5PL_TYPE_FILTER
  (func (export "H5PLget_plugin_type") (result i32) (i32.const 0))

  ;; version, id, encoder and decoder are there, name, can_apply, set_local, filter
  (func (export "H5PLget_plugin_info") (result i32)
    (i32.store offset=64 (global.get $base) (i32.const 1))
    (i32.store offset=68 (global.get $base) (i32.const 32008))
    (i32.store offset=72 (global.get $base) (i32.const 1))
    (i32.store offset=76 (global.get $base) (i32.const 1))
    (i32.store offset=80 (global.get $base) (global.get $base))
    (i32.store offset=84 (global.get $base) (i32.const 0))
    (i32.store offset=88 (global.get $base) (i32.const 0))
    (i32.store offset=92 (global.get $base) (global.get $table))
    (i32.add (global.get $base) (i32.const 64))))
