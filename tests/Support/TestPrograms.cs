namespace AdaLora.TestSupport;

/// <summary>Programs beside the tests' projects, which tests start as processes.</summary>
internal static class TestPrograms
{
    /// <summary>The executable that a project of this name was built to, in the configuration of the tests.</summary>
    public static string PathOf(string project)
    {
        // tests/<project>/bin/<configuration>/<framework>/
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(own.Parent!.Parent!.Parent!.Parent!.FullName, project, "bin", own.Parent.Name, own.Name, OperatingSystem.IsWindows() ? project + ".exe" : project);
    }
}
