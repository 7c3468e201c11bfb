namespace AdaLora.Internals;

/// <summary>Says which file could not be written, why, and what to do about it, where the system names a temporary file or none.</summary>
internal static class WriteFailure
{
    // Marks exceptions that say everything, for folders are written by writing files.
    private const string Explained = "AdaLora.WriteFailure";
    private const string Unchanged = "Whatever was there before is unchanged.";

    // Numbers of Linux, macOS and Windows; an exception of .NET carries that of its system.
    private static readonly int[] DiskFull = OperatingSystem.IsWindows() ? [39, 112] : OperatingSystem.IsMacOS() ? [28, 69] : [28, 122];
    private static readonly int[] TooManyFiles = OperatingSystem.IsWindows() ? [4] : [23, 24];
    private static readonly int[] ReadOnly = OperatingSystem.IsWindows() ? [19] : [30];

    /// <summary>Whether an exception tells of a file, also of one that grew beyond a limit of the process, which .NET tells of as of a wrong argument.</summary>
    public static bool IsOne(Exception exception) => exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>The exception to throw in place of <paramref name="failure"/>.</summary>
    /// <param name="failure">One that <see cref="IsOne"/> is true for.</param>
    /// <param name="path">The file or folder that was to be written.</param>
    /// <returns><paramref name="failure"/> itself if it was made here; else an <see cref="UnauthorizedAccessException"/> where that was one, else an <see cref="IOException"/>.</returns>
    public static Exception Explain(Exception failure, string path)
    {
        if (failure.Data.Contains(Explained))
            return failure;
        var message = $"'{path}' can't be written: {Reason(failure)}";
        return failure is UnauthorizedAccessException
            ? new UnauthorizedAccessException(message, failure) { Data = { [Explained] = true } }
            : new IOException(message, failure) { Data = { [Explained] = true } };
    }

    private static string Reason(Exception failure)
    {
        var number = failure.HResult & 0xffff;
        return failure switch
        {
            ArgumentOutOfRangeException => $"it would be larger than files of this process may be (see ulimit -f). {Unchanged}",
            UnauthorizedAccessException => "access is denied. Choose another folder, or change its permissions.",
            PathTooLongException => "the path is longer than the system allows. Choose a shorter one.",
            _ when DiskFull.Contains(number) => $"No space left on device. Free some, or choose a folder on another one. {Unchanged}",
            _ when TooManyFiles.Contains(number) => $"the limit of open files is reached. Raise it with ulimit -n. {Unchanged}",
            _ when ReadOnly.Contains(number) => "the file system is read-only. Choose another folder.",
            _ => $"{failure.Message.TrimEnd('.')}.",
        };
    }
}
