using System.Text.Json;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Hub;

/// <summary>A revision's commit and the names of its files, as the hub lists them. The names are only compared with others, never made into paths.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Files">The names.</param>
internal sealed record HubListing(string Commit, IReadOnlySet<string> Files)
{
    /// <summary>Reads the hub's description of a revision; null if the text is not one.</summary>
    public static HubListing? TryParse(ReadOnlyMemory<byte> json)
    {
        try
        {
            var root = JsonFile.Parse(json);
            if (root.Text("sha") is not { } commit || !HubName.IsCommitHash(commit) || root.Member("siblings") is not { ValueKind: JsonValueKind.Array } files)
                return null;
            return new HubListing(commit, files.EnumerateArray().Select(file => file.Text("rfilename")).OfType<string>().ToHashSet(StringComparer.Ordinal));
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
