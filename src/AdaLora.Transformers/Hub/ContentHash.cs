using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdaLora.Transformers.Hub;

/// <summary>Checks contents against ETags: the hub's are the SHA-256 of large files and git's blob id, a SHA-1 over header and content, of small ones.</summary>
internal static class ContentHash
{
    private const int Sha256Digits = 64;
    private const int GitDigits = 40;

    /// <summary>Whether an ETag is a hash of the content. Storage hosts behind mirrors may give others.</summary>
    public static bool IsHash(string etag) => etag.Length is Sha256Digits or GitDigits && etag.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether a file has the content that an ETag stands for; always, if the ETag is not a hash.</summary>
    public static async Task<bool> MatchesAsync(string path, string etag, CancellationToken cancellationToken)
    {
        if (!IsHash(etag))
            return true;
        using var content = new FileStream(path, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 });
        using var hash = IncrementalHash.CreateHash(etag.Length == Sha256Digits ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (etag.Length == GitDigits)
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")));
        var buffer = new byte[1 << 18];
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            hash.AppendData(buffer, 0, read);
        return Convert.ToHexString(hash.GetHashAndReset()).Equals(etag, StringComparison.OrdinalIgnoreCase);
    }
}
