using System.Net;
using AdaLora.Internals;
using Polly;

namespace AdaLora.Transformers.Hub;

/// <summary>
/// Downloads one content into a part file that outlives failures: the next attempt, or the next process, requests only the rest. The lock of the content is held meanwhile.
/// </summary>
internal sealed class FileDownload(HubClient client, ResiliencePipeline retry, HubOptions options, HubName name, string commit, RemoteFile file, string part, IProgress<DownloadProgress>? progress)
{
    private const int BufferSize = 1 << 18;

    /// <summary>
    /// A download that gets this much further in a round of attempts may start another one: it then completes even on a bad line, and a server that only pretends to send cannot hold it up.
    /// </summary>
    private const long WorthAnotherRound = 1 << 20;

    /// <summary>Fills the part file and checks its content.</summary>
    /// <exception cref="HubException">All attempts failed, or the content is wrong.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var before = PartLength;
            try
            {
                await retry.ExecuteAsync(AttemptAsync, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (HubException exception) when (exception.IsTransient && file.CanResume && PartLength - before >= WorthAnotherRound)
            {
                HubLog.AttemptFailed(options.Logger, exception.Message, TimeSpan.Zero);
            }
        }
    }

    private long PartLength => Blob.LengthOf(part) ?? 0;

    private async ValueTask AttemptAsync(CancellationToken cancellationToken)
    {
        var kept = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (await ContentHash.MatchesAsync(part, file.Etag, cancellationToken).ConfigureAwait(false))
            return;
        File.Delete(part);
        // An earlier part may be to blame, such as one that a crash left half written; repeating a fresh download would not help.
        throw new HubException(HubFailure.CorruptFile, $"{name}", $"can't be used: {file.Name} was downloaded in full, but its hash does not match the announced {file.Etag}; nothing was kept.")
        {
            IsTransient = kept > 0,
        };
    }

    /// <summary>Completes the part file and returns how much of it existed before.</summary>
    private async Task<long> ReceiveAsync(CancellationToken cancellationToken)
    {
        RegularFile.RequireNoLink(part);
        RegularFile.Require(part);
        using var target = options.OpenPart?.Invoke(part) ?? new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
        var kept = file.CanResume && target.Length <= file.Limit ? target.Length : 0;
        HubLog.Downloading(options.Logger, file.Name, $"{name}", file.Size, kept);
        if (kept < file.Size || file.Size is null)
        {
            using var response = await client.OpenAsync(commit, file, kept, cancellationToken).ConfigureAwait(false);
            kept = Start(target, response, kept);
            await CopyAsync(client.BodyOf(response), target, kept, cancellationToken).ConfigureAwait(false);
        }
        target.Flush(flushToDisk: true);
        return kept;
    }

    /// <summary>Moves the file position to where the answer begins.</summary>
    private long Start(FileStream target, HttpResponseMessage response, long kept)
    {
        var start = response.StatusCode switch
        {
            HttpStatusCode.PartialContent => response.Content.Headers.ContentRange?.From,
            HttpStatusCode.RequestedRangeNotSatisfiable => null,
            _ => 0,
        };
        if (start != kept && start != 0)
        {
            target.SetLength(0);
            throw new HubException(HubFailure.InvalidAnswer, $"{name}",
                $"can't be fetched: {file.Name} was requested from byte {kept} onwards, but is not sent from there.")
            { IsTransient = kept > 0 };
        }
        if (target.Length != start)
            target.SetLength(start.Value);
        target.Position = start.Value;
        return start.Value;
    }

    private async Task CopyAsync(HubBody body, FileStream target, long received, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        var reported = received;
        Report(received);
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (received + read > file.Limit)
            {
                target.SetLength(0);
                throw client.TooLong(file);
            }
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            received += read;
            if (received - reported >= BufferSize)
                Report(reported = received);
        }
        if (received < file.Size)
            throw new HubException(HubFailure.Unreachable, $"{name}", $"can't be fetched: the download of {file.Name} stopped after {received} of {file.Size} bytes.") { IsTransient = true };
        if (received != reported)
            Report(received);
    }

    private void Report(long received) => progress?.Report(new DownloadProgress(file.Name, received, file.Size));
}
