using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Loading;
using Polly;

namespace AdaLora.Transformers.Hub;

/// <summary>Completes the snapshot of a revision: first the small files, so that an unusable checkpoint is detected early, then the weights.</summary>
internal sealed class SnapshotDownload(HubClient client, HubCache cache, HubName name, HubOptions options, IProgress<DownloadProgress>? progress)
{
    private readonly ResiliencePipeline _retry = HubRetry.Create(options);

    /// <exception cref="CheckpointException">The repository holds no checkpoint that can be used.</exception>
    /// <exception cref="HubException">The hub can't be reached, refuses, or answers with something else.</exception>
    public async Task<Snapshot> RunAsync(CancellationToken cancellationToken)
    {
        var listing = await _retry.ExecuteAsync(client.ListAsync, cancellationToken).ConfigureAwait(false);
        ThrowIfUnusable(listing);
        var snapshot = cache.SnapshotOf(listing.Commit);
        foreach (var file in HubFiles.Small)
            _ = await FetchIfListedAsync(listing, snapshot, file, cancellationToken).ConfigureAwait(false);
        if (!await FetchIfListedAsync(listing, snapshot, CheckpointFiles.Weights, cancellationToken).ConfigureAwait(false))
            await FetchShardsAsync(listing, snapshot, cancellationToken).ConfigureAwait(false);
        cache.NoteCommit(listing.Commit);
        return snapshot;
    }

    private void ThrowIfUnusable(HubListing listing)
    {
        if (!listing.Files.Contains(CheckpointFiles.Config))
            throw new CheckpointException($"{name}", $"holds no {CheckpointFiles.Config}; it is not a checkpoint of a model.");
        if (!listing.Files.Contains(CheckpointFiles.Weights) && !listing.Files.Contains(CheckpointFiles.Index))
            throw new CheckpointException($"{name}", CheckpointFiles.NoWeights(listing.Files));
    }

    private async Task<bool> FetchIfListedAsync(HubListing listing, Snapshot snapshot, string file, CancellationToken cancellationToken)
    {
        if (!listing.Files.Contains(file))
        {
            snapshot.NoteAbsence(file);
            return false;
        }
        await FetchAsync(snapshot, file, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task FetchShardsAsync(HubListing listing, Snapshot snapshot, CancellationToken cancellationToken)
    {
        await FetchAsync(snapshot, CheckpointFiles.Index, cancellationToken).ConfigureAwait(false);
        var shards = HubFiles.ShardsOf(snapshot);
        if (shards.FirstOrDefault(shard => !listing.Files.Contains(shard)) is { } missing)
            throw new CheckpointException($"{name}", $"lacks the shard '{missing}' that its {CheckpointFiles.Index} names.");
        foreach (var shard in shards)
            await FetchAsync(snapshot, shard, cancellationToken).ConfigureAwait(false);
    }

    private async Task FetchAsync(Snapshot snapshot, string file, CancellationToken cancellationToken)
    {
        if (snapshot.Has(file))
            return;
        var remote = await _retry.ExecuteAsync(token => client.DescribeAsync(snapshot.Commit, file, token), cancellationToken).ConfigureAwait(false);
        using var held = await HubLock.AcquireAsync(cache.LockPath(remote.Etag), options.Time, cancellationToken).ConfigureAwait(false);
        // Another process may have been faster while this one waited.
        if (snapshot.Has(file))
            return;
        var blob = cache.BlobPath(remote.Etag);
        var isNew = Blob.LengthOf(blob) is not { } length || (remote.Size is { } size && length != size);
        if (isNew)
        {
            _ = Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
            var part = cache.PartPath(remote.Etag);
            await new FileDownload(client, _retry, options, name, snapshot.Commit, remote, part, progress).RunAsync(cancellationToken).ConfigureAwait(false);
            File.Move(part, blob, overwrite: true);
        }
        snapshot.Put(file, blob, isNew, links: !options.Environment.NoLinks);
    }
}
