"""
Who serves whom: the interpreter queue on Redis.

Start reading at ``model`` (the nouns and the events), then ``lifecycle`` (the tables), ``policy`` (who is alerted
for which request), ``operations`` (every change, pure), ``redis_store`` (how a change is committed or lost) and
``dispatcher`` (:class:`~interpreter_queue.dispatcher.InterpreterQueue`, what signaling calls). The queue knows
neither calls nor media: ``call_id`` is an opaque string that it takes and gives back.
"""
