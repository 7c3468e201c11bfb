using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Hub;

/// <summary>
/// Finds a checkpoint by folder or by its name on the Hugging Face hub, downloading what is missing. The result is a folder for <see cref="AutoModel"/> and the FromFolder method
/// of tokenizers.
/// </summary>
/// <remarks>
/// The cache has the layout of the Python tools, so that a model is downloaded once for all of them. Only config.json, generation_config.json, tokenizer files and safetensors weights are downloaded.
/// A revision whose files are in the cache needs no request, see <see cref="HubOptions.CheckForUpdates"/>.
/// </remarks>
public static class HubCheckpoint
{
    /// <summary>Whether a text has the form of a name on the hub: owner/name or owner/name@revision, where the revision is a branch, a tag, a reference such as refs/pr/1, or a commit.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Whether <see cref="ResolveAsync"/> would look it up; this does not say whether there is such a repository.</returns>
    public static bool IsName(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return HubName.TryParse(text) is not null;
    }

    /// <summary>Finds the folder of a checkpoint, and downloads it first if need be. Processes that request the same one at the same time share one download.</summary>
    /// <param name="folderOrName">A folder, which is returned as it is, or else a name such as microsoft/deberta-v3-base, with the revision after an @ if it isn't main.</param>
    /// <param name="options">Cache, token and time limits; null for those of the environment.</param>
    /// <param name="progress">Receives a report for every quarter of a mebibyte that arrives, and at the end of each file.</param>
    /// <param name="cancellationToken">Cancels; what has been downloaded is kept, and the next download continues from it.</param>
    /// <returns>The path of the folder.</returns>
    /// <exception cref="ArgumentException"><paramref name="folderOrName"/> is null or empty, or an option is out of its range.</exception>
    /// <exception cref="CheckpointException">It is neither a folder nor a name, or the repository holds no checkpoint in the safetensors format.</exception>
    /// <exception cref="HubException">The checkpoint can't be obtained; <see cref="HubException.Failure"/> says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<string> ResolveAsync(
        string folderOrName, HubOptions? options = null, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folderOrName);
        if (Directory.Exists(folderOrName))
            return folderOrName;
        var name = HubName.TryParse(folderOrName)
            ?? throw new CheckpointException(folderOrName, "is neither a folder nor a name on the hub, such as microsoft/deberta-v3-base or owner/name@revision.");
        options ??= new HubOptions();
        options.Validate();
        return await new HubResolution(name, options).RunAsync(progress, cancellationToken).ConfigureAwait(false);
    }
}
