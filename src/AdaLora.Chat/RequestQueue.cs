using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.AI;

namespace AdaLora.Chat;

/// <summary>
/// Answers requests one after another, in the order in which they came, all on one thread: what belongs to a computation of libtorch is tied to its thread, which keeps its helpers for the next
/// one.
/// </summary>
internal sealed class RequestQueue : IDisposable
{
    private readonly BlockingCollection<Action> _requests = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lazy<Thread> _thread;
    private volatile bool _isDisposed;

    public RequestQueue() => _thread = new Lazy<Thread>(() =>
    {
        var thread = new Thread(Work) { IsBackground = true, Name = "AdaLora chat" };
        thread.Start();
        return thread;
    });

    /// <summary>Queues a request.</summary>
    /// <param name="answer">Answers it, writing piece by piece.</param>
    /// <param name="cancellationToken">Ends it, wherever it is.</param>
    /// <returns>What is written.</returns>
    public IAsyncEnumerable<ChatResponseUpdate> Run(Action<Action<ChatResponseUpdate>, CancellationToken> answer, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, typeof(AdaLoraChatClient));
        var pieces = Channel.CreateUnbounded<ChatResponseUpdate>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        _ = _thread.Value;
        try
        {
            _requests.Add(() => Answer(pieces.Writer, answer, cancellationToken), CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(AdaLoraChatClient));
        }

        return pieces.Reader.ReadAllAsync(cancellationToken);
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _requests.CompleteAdding();
        _stop.Cancel();
        if (_thread.IsValueCreated && _thread.Value != Thread.CurrentThread)
            _thread.Value.Join();
        _requests.Dispose();
        _stop.Dispose();
    }

    private void Work()
    {
        foreach (var request in _requests.GetConsumingEnumerable())
            request();
    }

    private void Answer(ChannelWriter<ChatResponseUpdate> writer, Action<Action<ChatResponseUpdate>, CancellationToken> answer, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_isDisposed)
                throw new ObjectDisposedException(nameof(AdaLoraChatClient));
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
            answer(update => writer.TryWrite(update), either.Token);
            writer.Complete();
        }
        catch (OperationCanceledException) when (_isDisposed && !cancellationToken.IsCancellationRequested)
        {
            writer.Complete(new ObjectDisposedException(nameof(AdaLoraChatClient)));
        }
        catch (Exception e)
        {
            // Whoever made the request hears of it; the next one is not affected.
            writer.Complete(e);
        }
    }
}
