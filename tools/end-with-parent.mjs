// Preloaded into the children of `ib-stream up`: when it is gone, however it went, they stop as they do on SIGTERM.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref() // watching must not keep a child alive that is done
