using AdaLora.Internals;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Hub;

/// <summary>Decides between the cache and the hub for one name.</summary>
internal sealed class HubResolution(HubName name, HubOptions options)
{
    private readonly string _root = Path.GetFullPath(options.CacheFolder ?? options.Environment.CacheFolder);

    /// <summary>The folder of a complete snapshot.</summary>
    public async Task<string> RunAsync(IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            return await FindAsync(progress, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsOfStorage(exception))
        {
            throw new HubException(HubFailure.StorageFailed, $"{name}", $"can't be read from the cache: {exception.Message}", exception);
        }
    }

    private static bool IsOfStorage(Exception exception) => WriteFailure.IsOne(exception) && exception is not (HubException or CheckpointException);

    private async Task<string> FindAsync(IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        var cache = new HubCache(_root, name);
        var cached = cache.FindSnapshot();
        if (cached is not null && (name.IsCommit || !options.CheckForUpdates) && HubFiles.IsSettled(cached))
            return cached.Folder;
        if (options.Offline ?? options.Environment.Offline)
            return Usable(cached) ?? throw new HubException(HubFailure.Offline, $"{name}", $"is not available offline: {Lack(cached)}; unset HF_HUB_OFFLINE to download it.");
        try
        {
            return (await DownloadAsync(cache, progress, cancellationToken).ConfigureAwait(false)).Folder;
        }
        catch (HubException exception) when (IsOutage(exception.Failure) && Usable(cached) is not null)
        {
            HubLog.CacheUsed(options.Logger, exception.Message);
            return cached!.Folder;
        }
        catch (HubException exception) when (exception.Failure == HubFailure.Unreachable)
        {
            throw new HubException(HubFailure.Unreachable, $"{name}", $"{Reason(exception)} Nor is it available offline: {Lack(cached)}.", exception);
        }
    }

    private async Task<Snapshot> DownloadAsync(HubCache cache, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new HubClient(name, HubAddress.Of(options), options);
            return await new SnapshotDownload(client, cache, name, options, progress).RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsOfStorage(exception))
        {
            throw new HubException(HubFailure.StorageFailed, $"{name}",
                $"can't be kept in the cache: {WriteFailure.Explain(exception, _root).Message} The next download continues from what has been received.", exception);
        }
    }

    private static bool IsOutage(HubFailure failure) => failure is HubFailure.Unreachable or HubFailure.ServerError or HubFailure.TooManyRequests or HubFailure.StorageFailed;

    private static string? Usable(Snapshot? cached) => cached is not null && HubFiles.Lacking(cached).Count == 0 ? cached.Folder : null;

    private string Lack(Snapshot? cached) => cached is null
        ? $"the cache '{_root}' holds no copy of it"
        : $"its copy in the cache '{_root}' lacks {string.Join(", ", HubFiles.Lacking(cached))}";

    private string Reason(HubException exception) => exception.Message[($"'{name}' ".Length)..];
}
